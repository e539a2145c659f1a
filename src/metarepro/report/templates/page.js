(function () {
'use strict';
// Nothing is computed here but order and counts: every number is in the page and is only copied.
var doc = document, root = doc.documentElement, live = doc.getElementById('live');
function one(s, r) { return (r || doc).querySelector(s); }
function all(s, r) { return Array.prototype.slice.call((r || doc).querySelectorAll(s)); }
function pressed(b) { return b.getAttribute('aria-pressed') === 'true'; }
function say(text) { live.textContent = ''; setTimeout(function () { live.textContent = text; }, 30); }
root.classList.add('on');

// Tables that are cards on a phone stay tables to a screen reader.
var ROLES = {TABLE: 'table', THEAD: 'rowgroup', TBODY: 'rowgroup', TFOOT: 'rowgroup', TR: 'row', TD: 'cell'};
all('table.cards').forEach(function (t) {
  [t].concat(all('thead, tbody, tfoot, tr, td, th', t)).forEach(function (x) {
    x.setAttribute('role', ROLES[x.tagName] || (x.scope === 'col' ? 'columnheader' : 'rowheader'));
  });
});

// Colours.
function theme(t) { if (t) root.setAttribute('data-theme', t); }
try { theme(localStorage.getItem('metarepro-theme')); } catch (e) { /* no storage */ }
one('#theme').addEventListener('click', function () {
  var now = root.getAttribute('data-theme'), dark = now ? now === 'dark' : matchMedia('(prefers-color-scheme:dark)').matches;
  theme(dark ? 'light' : 'dark');
  try { localStorage.setItem('metarepro-theme', dark ? 'light' : 'dark'); } catch (e) { /* no storage */ }
  say(dark ? 'light colours' : 'dark colours');
});

// A link opens what holds its target.
function reveal(el) {
  for (var p = el; p; p = p.parentElement) {
    if (p.tagName === 'DETAILS') p.open = true;
    if (p.hidden) { if (p.classList.contains('ms')) pick(p.dataset.m); else p.hidden = false; }
    if (p.classList.contains('few')) more(false);
    if (p.classList.contains('first')) short(false);
  }
}
function follow() {
  var id = decodeURIComponent(location.hash.slice(1)), el = id && doc.getElementById(id);
  if (el) { reveal(el); el.scrollIntoView(); }
}
addEventListener('hashchange', follow);

// Contents: open when there is room; the part in view is marked.
var toc = one('nav.toc details'), wide = matchMedia('(min-width:70rem)');
function fit() { toc.open = wide.matches; }
wide.addEventListener('change', fit); fit();
if ('IntersectionObserver' in window) {
  var seen = new IntersectionObserver(function (entries) {
    entries.forEach(function (e) {
      if (e.isIntersecting) all('nav.toc a').forEach(function (a) {
        if (a.hash === '#' + e.target.id) a.setAttribute('aria-current', 'true'); else a.removeAttribute('aria-current');
      });
    });
  }, {rootMargin: '0px 0px -70% 0px'});
  all('main h2').forEach(function (h) { seen.observe(h); });
}

// One measure of a question at a time.
function pick(m, focus) {
  all('.mx').forEach(function (box) {
    var hit = all('[role=radio]', box).filter(function (b) { return b.dataset.m === m; })[0];
    if (!hit) return;
    all('[role=radio]', box).forEach(function (b) { b.setAttribute('aria-checked', b === hit); b.tabIndex = b === hit ? 0 : -1; });
    all('.ms', box).forEach(function (s) { s.hidden = s.dataset.m !== m; });
    if (focus) { hit.focus(); say(one('.ms:not([hidden]) .lead', box).textContent); }
  });
}
all('.mx').forEach(function (box) {
  var radios = all('[role=radio]', box);
  if (!radios.length) return;
  pick(radios[0].dataset.m);
  radios.forEach(function (b, i) {
    b.addEventListener('click', function () { pick(b.dataset.m, true); });
    b.addEventListener('keydown', function (e) {
      var step = {ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1}[e.key];
      if (step) { e.preventDefault(); pick(radios[(i + step + radios.length) % radios.length].dataset.m, true); }
    });
  });
});

// Another way of computing it: its row is copied into the pooled row.
function specify(box, name) {
  var id = box.dataset.for, table = doc.getElementById('f-' + id), pooled = one('.pooled', table), plot = one('.pl', pooled);
  var result = one('.res', pooled), main = name === 'main', row = main ? pooled : specs(id).filter(function (r) { return r.dataset.spec === name; })[0];
  var gone = (row.dataset.omits || '').split(' '), k = one('.pk', pooled), label = one('.spn', pooled);
  if (!pooled.kept) pooled.kept = [one('svg', plot).cloneNode(true), result.innerHTML, k.textContent];
  plot.replaceChildren((main ? pooled.kept[0] : one('.pl svg', row)).cloneNode(true));
  result.innerHTML = main ? pooled.kept[1] : one('.res', row).innerHTML;
  k.textContent = main ? pooled.kept[2] : one('.sk', row).textContent;
  label.textContent = main ? '' : one('.lb', row).textContent;
  all('tr[data-study]', table).forEach(function (r) { r.classList.toggle('out', !main && gone.indexOf(r.dataset.study) >= 0); });
  all('.loo', table).forEach(function (b) { b.setAttribute('aria-pressed', b.dataset.spec === name); });
  all('td.wt:not(.mt)', table).forEach(function (c) { c.classList.toggle('vh', !main); });
  one('select', box).value = name;
  one('output', box).textContent = main ? '' : label.textContent + ': ' + result.textContent.trim() + ', ' + one('th', pooled).firstChild.textContent.replace('Pooled, ', '') + k.textContent + k.nextSibling.textContent;
}
function specs(id) { return all('#spec-' + id + ' tr[data-spec]'); }
all('.sw').forEach(function (box) {
  var id = box.dataset.for, select = one('select', box);
  specs(id).forEach(function (r) {
    var name = r.dataset.spec, option = doc.createElement('option'), study = name.slice(0, 2) === 'w-' && name.slice(2);
    option.value = name; option.textContent = one('.lb', r).textContent;
    select[name === 'main' ? 'prepend' : 'append'](option);
    if (!study) return;
    all('#f-' + id + ' tr[data-study]').filter(function (x) { return x.dataset.study === study; }).forEach(function (x) {
      var b = doc.createElement('button');
      b.type = 'button'; b.className = 'loo'; b.dataset.spec = name; b.textContent = 'leave out';
      b.setAttribute('aria-pressed', 'false'); b.setAttribute('aria-label', 'leave out ' + one('.lb', x).textContent);
      b.addEventListener('click', function () { specify(box, pressed(b) ? 'main' : name); });
      one('th', x).appendChild(b);
    });
  });
  select.value = 'main';
  select.addEventListener('change', function () { specify(box, select.value); });
});

// A mark opens the source of its row; a click elsewhere or Escape closes it.
doc.addEventListener('click', function (e) {
  var cell = e.target.closest && e.target.closest('tbody td.pl'), src = cell && one('details.src', cell.parentElement);
  all('table .src[open]').forEach(function (d) { if (d !== src && !d.closest('tr').contains(e.target)) d.open = false; });
  if (src) src.open = !src.open;
});
doc.addEventListener('keydown', function (e) {
  if (e.key === 'Escape') all('table .src[open]').forEach(function (d) {
    d.open = false;
    if (d.contains(doc.activeElement)) one('summary', d).focus();
  });
});

// Studies: filter, sort, all or the first.
var table = one('#table-studies'), more = function () {};
if (table) {
  var body = table.tBodies[0], rows = all('tr', body), tools = all('#filter-studies input, #filter-studies select');
  var noted = one('#filter-noted'), moreButton = one('#more');
  var filter = function () {
    var n = 0;
    rows.forEach(function (r) {
      var ok = tools.every(function (t) {
        var v = t.value.toLowerCase();
        return !v || (t.tagName === 'SELECT' ? r.dataset[t.dataset.by] === t.value : r.textContent.toLowerCase().indexOf(v) >= 0);
      }) && (!noted || !pressed(noted) || +r.dataset.notes > 0);
      r.hidden = !ok;
      if (ok) n++;
    });
    one('#filter-studies output').textContent = n + ' of ' + rows.length + ' studies';
  };
  more = function (few) {
    table.classList.toggle('few', few);
    if (moreButton) moreButton.textContent = few ? 'Show all ' + rows.length : 'Show the first';
  };
  tools.forEach(function (t) { t.addEventListener('input', filter); });
  if (noted) noted.addEventListener('click', function () { noted.setAttribute('aria-pressed', !pressed(noted)); filter(); });
  if (moreButton) moreButton.addEventListener('click', function () { more(!table.classList.contains('few')); });
  more(!!moreButton); filter();
  all('thead th', table).forEach(function (head, i) {
    var b = doc.createElement('button');
    b.type = 'button'; b.textContent = head.textContent; head.replaceChildren(b);
    b.addEventListener('click', function () {
      var th = b.parentElement, up = th.getAttribute('aria-sort') !== 'ascending';
      all('th', table.tHead).forEach(function (x) { x.removeAttribute('aria-sort'); });
      th.setAttribute('aria-sort', up ? 'ascending' : 'descending');
      var value = function (r) { var c = r.cells[i]; return c.dataset.v !== undefined ? c.dataset.v : c.textContent.trim(); };
      rows.slice().sort(function (a, c) {
        var x = value(a), y = value(c), d = x !== '' && y !== '' && !isNaN(x) && !isNaN(y) ? x - y : x.localeCompare(y);
        return up ? d : -d;
      }).forEach(function (r) { body.appendChild(r); });
      say('Sorted by ' + b.textContent + (up ? ', ascending' : ', descending'));
    });
  });
}

// Claims: by verdict and page, all or the first.
var statements = one('.cls'), rest = one('#more-claims');
function short(few) {
  statements.classList.toggle('first', few);
  rest.textContent = few ? 'Show all ' + all('.cl').length : 'Show the first';
}
if (rest) { rest.addEventListener('click', function () { short(!statements.classList.contains('first')); }); short(true); }
var verdicts = all('#filter-claims button[data-v]'), page = one('#filter-claims select');
function claims() {
  var wanted = verdicts.filter(pressed).map(function (b) { return b.dataset.v; }), n = 0, list = all('.cl');
  list.forEach(function (c) {
    c.hidden = !((!wanted.length || wanted.indexOf(c.dataset.v) >= 0) && (!page || !page.value || c.dataset.p === page.value));
    if (!c.hidden) n++;
  });
  one('#filter-claims output').textContent = n + ' of ' + list.length + ' statements';
}
if (verdicts.length) {
  verdicts.forEach(function (b) { b.addEventListener('click', function () { b.setAttribute('aria-pressed', !pressed(b)); claims(); }); });
  if (page) page.addEventListener('input', claims);
  claims();
}

// Search.
var index = [], find = one('#find'), hits = one('#hits');
function add(list, kind, text) { all(list).forEach(function (x) { index.push([text(x), kind, (x.closest('[id]') || x).id]); }); }
add('main h2', 'Part', function (h) { return h.firstChild.textContent.trim(); });
add('.card h3', 'Question', function (h) { return h.textContent; });
add('.an h4', 'Outcome', function (h) { return h.firstChild.textContent.trim(); });
add('#table-studies tbody tr', 'Study', function (r) { return r.cells[0].textContent.trim(); });
add('.cl', 'Statement', function (c) { return one('.cq', c).textContent.slice(1).trim(); });
add('.gl dt', 'Glossary', function (t) { return t.textContent; });
find.addEventListener('input', function () {
  var v = find.value.trim().toLowerCase(), n = 0;
  hits.replaceChildren();
  if (v.length < 2) return;
  index.forEach(function (x) {
    if (x[0].toLowerCase().indexOf(v) < 0 || ++n > 12) return;
    var li = doc.createElement('li'), a = doc.createElement('a'), small = doc.createElement('small');
    a.href = '#' + x[2]; a.textContent = x[0].length > 90 ? x[0].slice(0, 88) + '\u2026' : x[0]; small.textContent = x[1];
    a.appendChild(small); li.appendChild(a); hits.appendChild(li);
  });
  say(n + ' found');
});
find.addEventListener('keydown', function (e) {
  if (e.key === 'ArrowDown' && one('a', hits)) { e.preventDefault(); one('a', hits).focus(); }
  if (e.key === 'Escape') { find.value = ''; hits.replaceChildren(); }
});
hits.addEventListener('keydown', function (e) {
  var a = all('a', hits), i = a.indexOf(doc.activeElement), step = {ArrowDown: 1, ArrowUp: -1}[e.key];
  if (step) { e.preventDefault(); (a[i + step] || find).focus(); }
  if (e.key === 'Escape') { hits.replaceChildren(); find.focus(); }
});
hits.addEventListener('click', function () { setTimeout(function () { hits.replaceChildren(); follow(); }, 0); });

// Print the outcomes that are meant for paper.
var shut = [];
addEventListener('beforeprint', function () { shut = all('.op.pr:not([open])'); shut.forEach(function (d) { d.open = true; }); });
addEventListener('afterprint', function () { shut.forEach(function (d) { d.open = false; }); });

// Copy: the citation, or a result with it.
function copy(text, button) {
  function done() { say('Copied: ' + text); var old = button.textContent; button.textContent = 'Copied'; setTimeout(function () { button.textContent = old; }, 1500); }
  function byHand() {
    var area = doc.createElement('textarea');
    area.value = text; doc.body.appendChild(area); area.select();
    try { if (doc.execCommand('copy')) done(); } finally { area.remove(); button.focus(); }
  }
  if (navigator.clipboard && isSecureContext) navigator.clipboard.writeText(text).then(done, byHand); else byHand();
}
one('#copy').addEventListener('click', function (e) { copy(one('#cite').textContent, e.currentTarget); });
all('[data-copy]').forEach(function (b) {
  b.addEventListener('click', function () {
    var panel = b.closest('.ms');
    copy(one('.lead', panel).textContent + ' ' + one('#cite').textContent + ' #' + panel.id, b);
  });
});

// A table as a file.
all('[data-csv]').forEach(function (b) {
  b.addEventListener('click', function () {
    var lines = all('tr', doc.getElementById('f-' + b.dataset.csv)).filter(function (r) { return r.parentElement.tagName !== 'TFOOT'; }).map(function (r) {
      return all('th, td', r).filter(function (c) { return !c.classList.contains('pl'); }).map(function (c) {
        var text = (one('.lb', c) || c).textContent.trim().replace(/\s+/g, ' ');
        return '"' + (/^[=+@]/.test(text) ? "'" + text : text).replace(/"/g, '""') + '"';
      }).join(',');
    });
    var a = doc.createElement('a');
    a.href = URL.createObjectURL(new Blob([lines.join('\n') + '\n'], {type: 'text/csv'}));
    a.download = b.dataset.csv + '.csv'; a.click(); URL.revokeObjectURL(a.href);
  });
});
follow();
})();
