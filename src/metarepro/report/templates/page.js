(() => {
'use strict';
// Nothing is computed here but order and counts: every number is in the page and is only copied.
const doc = document, root = doc.documentElement, byId = id => doc.getElementById(id), one = (s, r = doc) => r.querySelector(s);
const all = (s, r = doc) => [...r.querySelectorAll(s)], make = (tag, values) => Object.assign(doc.createElement(tag), values);
const on = (type, x, act) => x && x.addEventListener(type, act), click = (x, act) => on('click', x, act);
const aria = (x, name, v) => x.setAttribute('aria-' + name, v), pressed = b => b.getAttribute('aria-pressed') === 'true';
const flip = b => aria(b, 'pressed', !pressed(b)), words = x => x.textContent.trim(), has = (text, part) => text.toLowerCase().includes(part);
const live = byId('live'), cite = one('#cite'), STEP = {ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1};
const say = text => { live.textContent = ''; setTimeout(() => { live.textContent = text; }, 30); };
root.classList.add('on');

// Tables that are cards on a phone stay tables to a screen reader.
const ROLES = {TABLE: 'table', TR: 'row', TD: 'cell', TH: 'rowheader'};
all('table.cards, table.cards *').forEach(x => {
  if (/^T/.test(x.tagName)) x.setAttribute('role', x.scope === 'col' ? 'columnheader' : ROLES[x.tagName] || 'rowgroup');
});

// Colours.
let store = {};
try { store = localStorage; } catch { /* no storage */ }
const theme = t => { if (t) root.dataset.theme = store['metarepro-theme'] = t; };
theme(store['metarepro-theme']);
click(one('#theme'), () => {
  const next = (root.dataset.theme || (matchMedia('(prefers-color-scheme:dark)').matches ? 'dark' : '')) === 'dark' ? 'light' : 'dark';
  theme(next); say(next + ' colours');
});

// A link opens what holds its target.
function follow() {
  const el = byId(decodeURIComponent(location.hash.slice(1)));
  if (!el) return;
  for (let p = el; p; p = p.parentElement) {
    if (p.tagName === 'DETAILS') p.open = true;
    if (p.hidden && p.matches('.ms')) pick(p.dataset.m);
    p.hidden = false;
    if (p.fold) p.fold(false);
  }
  el.scrollIntoView();
}
on('hashchange', window, follow);

// Contents: open when there is room; the part in view is marked.
const toc = one('nav.toc details'), wide = matchMedia('(min-width:70rem)'), fit = () => { toc.open = wide.matches; };
on('change', wide, fit); fit();
const seen = new IntersectionObserver(entries => entries.forEach(e => {
  if (e.isIntersecting) all('nav.toc a').forEach(a => aria(a, 'current', a.hash === '#' + e.target.id));
}), {rootMargin: '0px 0px -70% 0px'});
all('main h2').forEach(h => seen.observe(h));

// One measure of a question at a time.
const measures = box => all('[role=radio]', box);
function pick(m, focus) {
  all('.mx').forEach(box => {
    const hit = measures(box).find(b => b.dataset.m === m);
    if (!hit) return;
    measures(box).forEach(b => { aria(b, 'checked', b === hit); b.tabIndex = b === hit ? 0 : -1; });
    all('.ms', box).forEach(s => { s.hidden = s.dataset.m !== m; });
    if (focus) { hit.focus(); say(one('.ms:not([hidden]) .lead', box).textContent); }
  });
}
all('.mx').forEach(box => measures(box).forEach((b, i, radios) => {
  if (!i) pick(b.dataset.m);
  click(b, () => pick(b.dataset.m, true));
  on('keydown', b, e => {
    if (STEP[e.key]) { e.preventDefault(); pick(radios.at((i + STEP[e.key]) % radios.length).dataset.m, true); }
  });
}));

// Another way of computing it: its row is copied into the pooled row.
const specs = box => all(`#spec-${box.dataset.for} tr[data-spec]`);
function specify(box, name) {
  const main = name === 'main', row = specs(box).find(r => r.dataset.spec === name), gone = (row.dataset.omits || '').split(' ');
  const table = byId('f-' + box.dataset.for), pooled = one('.pooled', table), cells = ['.pl', '.res', '.pk', '.spn'].map(s => one(s, pooled));
  pooled.kept ||= cells.map(c => c.innerHTML);
  const shown = main ? pooled.kept : ['.pl', '.res', '.sk', '.lb'].map(s => one(s, row).innerHTML), k = cells[2];
  cells.forEach((c, i) => { c.innerHTML = shown[i]; });
  all('tr[data-study]', table).forEach(r => r.classList.toggle('out', !main && gone.includes(r.dataset.study)));
  all('.loo', table).forEach(b => aria(b, 'pressed', b.dataset.spec === name));
  all('td.wt:not(.mt)', table).forEach(c => c.classList.toggle('vh', !main));
  one('select', box).value = name;
  one('output', box).textContent = main ? '' : `${words(cells[3])}: ${words(cells[1])}, ` + one('th', pooled).firstChild.textContent.replace('Pooled, ', '') + k.textContent + k.nextSibling.textContent;
}
all('.sw').forEach(box => {
  const select = one('select', box);
  specs(box).forEach(r => {
    const name = r.dataset.spec, main = name === 'main';
    select[main ? 'prepend' : 'append'](make('option', {value: name, textContent: one('.lb', r).textContent}));
    all(`#f-${box.dataset.for} tr[data-study]`).filter(x => name === 'w-' + x.dataset.study).forEach(x => {
      const b = make('button', {type: 'button', className: 'loo', textContent: 'leave out'});
      b.dataset.spec = name; aria(b, 'pressed', false); aria(b, 'label', 'leave out ' + one('.lb', x).textContent);
      click(b, () => specify(box, pressed(b) ? 'main' : name));
      one('th', x).append(b);
    });
  });
  select.value = 'main';
  on('change', select, () => specify(box, select.value));
});

// A mark opens the source of its row; a click elsewhere or Escape closes it.
const opened = () => all('table .src[open]');
click(doc, e => {
  const cell = e.target.closest('tbody td.pl'), src = cell && one('details.src', cell.parentElement);
  opened().forEach(d => { if (d !== src && !d.closest('tr').contains(e.target)) d.open = false; });
  if (src) src.open = !src.open;
});
on('keydown', doc, e => {
  if (e.key === 'Escape') opened().forEach(d => {
    d.open = false;
    if (d.contains(doc.activeElement)) one('summary', d).focus();
  });
});

// Studies and claims: filtered; all of them or the first.
function list(box, button, items, tools, noun, wanted) {
  const count = one(`#filter-${noun[0]} output`), filter = () => {
    const fits = items.filter(x => { x.hidden = !tools.every(t => wanted(x, t)); return !x.hidden; });
    count.textContent = `${fits.length} of ${items.length} ${noun[1]}`;
  };
  tools.forEach(t => {
    if (t.type === 'button') click(t, () => { flip(t); filter(); }); else on('input', t, filter);
  });
  if (count) filter();
  if (!button) return;
  box.fold = few => { box.classList.toggle('few', few); button.textContent = few ? 'Show all ' + items.length : 'Show the first'; };
  click(button, () => box.fold(!box.matches('.few'))); box.fold(true);
}
const table = one('#table-studies');
if (table) {
  const body = table.tBodies[0], rows = all('tr', body), heads = all('thead th', table);
  list(table, one('#more'), rows, all('#filter-studies :is(input, select, #filter-noted)'), ['studies', 'studies'], (r, t) =>
    t.type === 'button' ? !pressed(t) || r.dataset.notes > 0 : t.dataset.by ? !t.value || r.dataset[t.dataset.by] === t.value : has(r.textContent, t.value.toLowerCase()));
  heads.forEach((th, i) => {
    const b = make('button', {type: 'button', textContent: th.textContent}), value = r => r.cells[i].dataset.v ?? words(r.cells[i]);
    th.replaceChildren(b);
    click(b, () => {
      const order = th.getAttribute('aria-sort') === 'ascending' ? 'descending' : 'ascending';
      heads.forEach(x => aria(x, 'sort', x === th ? order : 'none'));
      rows.slice().sort((a, c) => {
        const x = value(a), y = value(c), d = x !== '' && y !== '' && !isNaN(x) && !isNaN(y) ? x - y : x.localeCompare(y);
        return order === 'ascending' ? d : -d;
      }).forEach(r => body.append(r));
      say(`Sorted by ${b.textContent}, ${order}`);
    });
  });
}
const verdicts = all('#filter-claims button[data-v]');
list(one('.cls'), one('#more-claims'), all('.cl'), [...verdicts, ...all('#filter-claims select')], ['claims', 'statements'], (c, t) =>
  t.type === 'button' ? c.dataset.v !== t.dataset.v || pressed(t) || !verdicts.some(pressed) : !t.value || c.dataset.p === t.value);

// Search.
const find = one('#find'), hits = one('#hits'), index = [['main h2', 'Part', 0], ['.card h3', 'Question'], ['.an h4', 'Outcome', 0],
  ['#table-studies tbody tr', 'Study', 1], ['.cq > :is(blockquote, p)', 'Statement'], ['.gl dt', 'Glossary']].flatMap(([s, kind, at]) => all(s).map(x => [
  words(at === 0 ? x.firstChild : at ? x.cells[0] : x), kind, (x.closest('[id]') || x).id]));
const close = () => hits.replaceChildren();
on('input', find, () => {
  const v = find.value.trim().toLowerCase(), found = index.filter(x => has(x[0], v));
  close();
  if (v.length < 2) return;
  found.slice(0, 12).forEach(x => {
    const li = make('li'), a = make('a', {href: '#' + x[2], textContent: x[0].length > 90 ? x[0].slice(0, 88) + '\u2026' : x[0]});
    a.append(make('small', {textContent: x[1]})); li.append(a); hits.append(li);
  });
  say(found.length + ' found');
});
on('keydown', find.parentElement, e => {
  const links = all('a', hits), to = links.indexOf(doc.activeElement) + (STEP[e.key] || 0);
  if (e.key === 'Escape') { close(); find.value = ''; find.focus(); }
  if (/^Arrow(Up|Down)/.test(e.key)) { e.preventDefault(); (links[to] || find).focus(); }
});
click(hits, () => setTimeout(() => { close(); follow(); }));

// Print the outcomes that are meant for paper.
let shut = [];
const print = open => shut.forEach(d => { d.open = open; });
on('beforeprint', window, () => { shut = all('.op.pr:not([open])'); print(true); });
on('afterprint', window, () => print(false));

// Copy: the citation, or a result with it.
function copy(text, button) {
  const old = button.textContent, done = () => {
    say('Copied: ' + text); button.textContent = 'Copied'; setTimeout(() => { button.textContent = old; }, 1500);
  };
  const byHand = () => {
    const area = make('textarea', {value: text});
    doc.body.append(area); area.select();
    try { if (doc.execCommand('copy')) done(); } finally { area.remove(); button.focus(); }
  };
  if (navigator.clipboard && isSecureContext) navigator.clipboard.writeText(text).then(done, byHand); else byHand();
}
click(one('#copy'), e => copy(cite.textContent, e.currentTarget));
all('[data-copy]').forEach(b => click(b, () => {
  const panel = b.closest('.ms');
  copy(`${one('.lead', panel).textContent} ${cite.textContent} #${panel.id}`, b);
}));

// A table as a file.
all('[data-csv]').forEach(b => click(b, () => {
  const name = b.dataset.csv, text = all(`[id="f-${name}"] :not(tfoot) > tr`).map(r => all(':is(th, td):not(.pl)', r).map(c => {
    const cell = words(one('.lb', c) || c).replace(/\s+/g, ' ');
    return '"' + (/^[=+@]/.test(cell) ? "'" : '') + cell.replaceAll('"', '""') + '"';
  }).join()).join('\n') + '\n';
  const href = URL.createObjectURL(new Blob([text], {type: 'text/csv'}));
  make('a', {href, download: name + '.csv'}).click(); URL.revokeObjectURL(href);
}));
follow();
})();
