# Line and bands of meta-regressions of dat.bcg, by metafor::predict: Rscript bubble_reference.R > bubble_reference.json
suppressPackageStartupMessages(library(metafor))
library(jsonlite)
dat <- escalc(measure = "RR", ai = tpos, bi = tneg, ci = cpos, di = cneg, data = dat.bcg)
tight <- list(threshold = 1e-13, maxiter = 10000)
rows <- list()
for (method in c("REML", "DL", "ML")) {
  for (test in c("z", "knha")) {
    one <- rma(yi, vi, mods = ~ ablat, data = dat, method = method, test = test, control = tight)
    two <- rma(yi, vi, mods = ~ ablat + year, data = dat, method = method, test = test, control = tight)
    at <- seq(13, 55, by = 7)
    for (name in c("ablat", "ablat + year")) {
      fit <- if (name == "ablat") one else two
      new <- if (name == "ablat") at else cbind(at, 1970)
      p <- predict(fit, newmods = new)
      rows[[length(rows) + 1]] <- list(
        formula = name, method = method, test = test, x = at, pred = p$pred, ci_lb = p$ci.lb, ci_ub = p$ci.ub,
        pi_lb = p$pi.lb, pi_ub = p$pi.ub, slope = fit$beta[2], slope_lb = fit$ci.lb[2], slope_ub = fit$ci.ub[2],
        slope_p = fit$pval[2], R2 = fit$R2, tau2 = fit$tau2, weights = as.numeric(weights(fit)))
    }
  }
}
cat(toJSON(list(metafor = as.character(packageVersion("metafor")), ablat = dat$ablat, year = dat$year,
  author = dat$author, trial = dat$year, yi = as.numeric(dat$yi), vi = as.numeric(dat$vi), cases = rows),
  digits = I(17), auto_unbox = TRUE), "\n")
