# Forest plots and a funnel of the BCG trials as R draws them, for docs/figures-compared.md.
#
#   Rscript benchmarks/figures_compared.R OUT
#
# metafor is needed; meta is drawn too where it is installed, else said to be missing. Calls of public functions only:
# what a reader of the manuals would write. Each picture is written as PNG (150 dpi), PDF and, where svglite is
# installed, SVG; seconds and numbers go to OUT/r.json.

suppressPackageStartupMessages({library(metafor); library(jsonlite)})
out <- commandArgs(trailingOnly = TRUE)[1]
dir.create(out, showWarnings = FALSE, recursive = TRUE)
trials <- get(data("dat.bcg", package = "metadat"))
trials$label <- paste(trials$author, trials$year, sep = ", ")
seconds <- list()

draw <- function(name, width, height, plot, points = 12) {
  inches <- c(width, height) / 25.4
  devices <- list(
    png = function(f) png(f, inches[1], inches[2], units = "in", res = 150, pointsize = points, type = "cairo"),
    pdf = function(f) pdf(f, inches[1], inches[2], pointsize = points)
  )
  if (requireNamespace("svglite", quietly = TRUE))
    devices$svg <- function(f) svglite::svglite(f, inches[1], inches[2], pointsize = points)
  for (kind in names(devices)) {
    file <- file.path(out, paste0(name, ".", kind))
    spent <- system.time({
      devices[[kind]](file)
      done <- tryCatch({plot(); "drawn"}, error = function(e) conditionMessage(e))
      invisible(dev.off())
    })
    seconds[[paste(name, kind)]] <<- unname(spent["elapsed"])
    if (done != "drawn") cat(name, kind, "not drawn:", done, "\n")
  }
}

# ---- metafor ----------------------------------------------------------------------------------------------------------
effects <- escalc(measure = "RR", ai = tpos, bi = tneg, ci = cpos, di = cneg, data = trials, slab = label)
fit <- rma(yi, vi, data = effects, method = "REML")
common <- rma(yi, vi, data = effects, method = "EE")

default <- function() { par(mar = c(4, 4, 1, 2)); forest(fit) }
one_line <- function() {
  par(mar = c(4, 0.5, 1, 0.5))
  forest(fit, atransf = exp, at = log(c(0.05, 0.25, 1, 4)), header = TRUE, addpred = TRUE, showweights = TRUE,
         order = alloc, xlab = "Risk ratio (log scale)")
}
# By allocation, with counts: the coordinates are those of the recipe in the manual (for one device of 7 x 7 inches).
recipe <- function(cex = 0.75) function() {
  par(mar = c(4, 0, 1, 2))
  sav <- forest(fit, xlim = c(-16, 4.6), at = log(c(0.05, 0.25, 1, 4)), atransf = exp, order = alloc,
    ilab = cbind(tpos, tneg, cpos, cneg), ilab.xpos = c(-9.5, -8, -6, -4.5), cex = cex, ylim = c(-1, 27),
    rows = c(3:4, 9:15, 20:23), mlab = "", psize = 1, header = "Author(s) and Year", addpred = TRUE)
  old <- par(cex = sav$cex, font = 2)
  text(c(-9.5, -8, -6, -4.5), 26, c("TB+", "TB-", "TB+", "TB-"))
  text(c(-8.75, -5.25), 27, c("Vaccinated", "Control"))
  text(-16, c(24, 16, 5), pos = 4, c("Systematic Allocation", "Random Allocation", "Alternate Allocation"))
  par(font = 1)
  line <- function(words, m) paste0(words, " (Q = ", formatC(m$QE, digits = 2, format = "f"), ", df = ", m$k - m$p,
    ", p ", ifelse(m$QEp < 0.001, "< 0.001", paste("=", formatC(m$QEp, digits = 3, format = "f"))), "; I2 = ",
    formatC(m$I2, digits = 1, format = "f"), "%, tau2 = ", formatC(m$tau2, digits = 2, format = "f"), ")")
  text(-16, -1, pos = 4, line("RE Model for All Studies", fit))
  par(old)
  groups <- c(systematic = 18.5, random = 7.5, alternate = 1.5)
  for (group in names(groups)) {
    own <- rma(yi, vi, data = effects, subset = (alloc == group), method = "REML")
    addpoly(own, row = groups[[group]], mlab = line("RE Model for Subgroup", own), cex = sav$cex)
  }
}
funnel_plot <- function() {
  par(mar = c(4, 4, 1, 1))
  funnel(fit, level = c(90, 95, 99), shade = c("white", "gray55", "gray75"), refline = 0, legend = TRUE, atransf = exp)
}
for (width in c(174, 84)) {
  draw(paste0("metafor_default_", width), width, 110, default)
  draw(paste0("metafor_one_line_", width), width, 110, one_line)
  draw(paste0("metafor_recipe_", width), width, if (width == 174) 170 else 110, recipe())
  draw(paste0("metafor_funnel_", width), width, if (width == 174) 130 else 75, funnel_plot)
}
# What a user does next at 84 mm: smaller type, all in one place.
draw("metafor_recipe_84_small_type", 84, 110, recipe(), points = 6)
draw("metafor_one_line_84_small_type", 84, 90, one_line, points = 7)

numbers_of <- function(m) list(estimate = exp(m$beta[1]), ci = exp(c(m$ci.lb, m$ci.ub)), k = m$k)
predicted <- function(m, ...) { p <- predict(m, transf = exp, ...); c(p$pi.lb, p$pi.ub) }
uncertain <- confint(fit)$random
t_fit <- rma(yi, vi, data = effects, method = "REML", test = "t")
knha <- rma(yi, vi, data = effects, method = "REML", test = "knha")
groups <- lapply(split(effects, effects$alloc), function(d) rma(yi, vi, data = d, method = "REML"))
between <- rma(sapply(groups, function(m) m$beta[1]), sapply(groups, function(m) m$se^2), method = "FE")
numbers <- list(
  random = c(numbers_of(fit), list(pi = predicted(fit), tau2 = fit$tau2, tau2_ci = uncertain["tau^2", -1],
    I2 = fit$I2, I2_ci = uncertain["I^2(%)", -1], Q = fit$QE, Qp = fit$QEp)),
  common = c(numbers_of(common), list(I2 = common$I2)),
  pi_of_t = predicted(t_fit), pi_of_knha = predicted(knha),
  groups = lapply(groups, function(m) c(numbers_of(m), list(tau2 = m$tau2, I2 = m$I2, Q = m$QE))),
  between = list(Q = between$QE, df = between$k - 1, p = between$QEp),
  studies = data.frame(label = trials$label, estimate = exp(effects$yi), low = exp(effects$yi - 1.959963984540054 *
    sqrt(effects$vi)), high = exp(effects$yi + 1.959963984540054 * sqrt(effects$vi)), weight = weights(fit)),
  versions = list(R = R.version.string, metafor = as.character(packageVersion("metafor")))
)

# ---- meta -------------------------------------------------------------------------------------------------------------
if (requireNamespace("meta", quietly = TRUE)) {
  pooled <- meta::metabin(tpos, tpos + tneg, cpos, cpos + cneg, data = trials, studlab = label, sm = "RR",
    method = "Inverse", method.tau = "REML", prediction = TRUE, subgroup = alloc, label.e = "Vaccine",
    label.c = "No vaccine", common = TRUE)
  for (width in c(174, 84)) for (layout in c("meta", "RevMan5", "JAMA", "BMJ")) {
    shown <- function() meta::forest(pooled, layout = layout, label.left = "Favours vaccine",
      label.right = "Favours no vaccine")
    draw(paste0("meta_", layout, "_", width), width, 170, shown)
  }
  for (width in c(174, 84)) draw(paste0("meta_funnel_", width), width, if (width == 174) 130 else 75,
    function() meta::funnel(pooled, contour = c(0.9, 0.95, 0.99)))
  numbers$meta <- list(estimate = exp(pooled$TE.random), ci = exp(c(pooled$lower.random, pooled$upper.random)),
    pi = exp(c(pooled$lower.predict, pooled$upper.predict)), tau2 = pooled$tau2, I2 = pooled$I2)
  numbers$versions$meta <- as.character(packageVersion("meta"))
} else cat("meta is not installed: its pictures are left out.\n")
write_json(list(numbers = numbers, seconds = seconds), file.path(out, "r.json"), auto_unbox = TRUE, digits = NA,
           pretty = TRUE, dataframe = "rows")
