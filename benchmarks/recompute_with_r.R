# The shipped main results once more, by R from the raw tables.
#
#   Rscript benchmarks/recompute_with_r.R [PROJECT]        after `metarepro run`; needs metafor, lme4 and jsonlite
#
# results/results.json only names the raw rows of each analysis (by their keys) and gives the numbers to compare. Counts,
# means and contrasts are read from data/raw/*.csv; effect sizes, weights, pooled effects, intervals and tau2 are those
# of metafor. Written from the manuals of its functions.

suppressPackageStartupMessages({library(metafor); library(jsonlite)})
options(warn = -1)
project <- c(commandArgs(trailingOnly = TRUE), ".")[1]
raw <- lapply(c(dichotomous = "dichotomous", continuous = "continuous", contrasts = "contrasts"), function(table)
  read.csv(file.path(project, "data/raw", paste0(table, ".csv")), colClasses = "character"))
number <- function(text) suppressWarnings(as.numeric(text))

# The value of a note of a study, as the correlation that was assumed; NA without such a note.
noted <- function(study, code, value) {
  for (note in study$notes) if (note$code == code) return(note$values[[value]])
  NA
}

# The raw row of a key, "study / arm / outcome / scale / 24 h" and more; all its parts must fit, and the numbers named.
find_row <- function(p) {
  rows <- raw[[p$table]]
  parts <- strsplit(p$key, " / ", fixed = TRUE)[[1]]
  hours <- number(sub(" h$", "", grep("^[0-9.]+ h$", parts, value = TRUE)))
  fits <- rows$study_id == parts[1] & rows$locator == p$locator & rows$source_id == p$source_id
  if (length(hours)) fits <- fits & abs(number(rows$timepoint_h) - hours) <= 0.005
  if (p$table == "contrasts") fits <- fits & paste(rows$experimental_arm, "v", rows$control_arm) == parts[2]
  else fits <- fits & rows$arm_id == parts[2]
  for (part in parts[-(1:2)]) if (!grepl("^[0-9.]+ h$", part))
    fits <- fits & apply(rows, 1, function(r) any(r == part))
  said <- strsplit(p$says, " ", fixed = TRUE)[[1]]
  if (p$table == "contrasts") fits <- fits & rows$measure == said[1] & abs(number(rows$estimate) - number(sub(",$", "", said[2]))) < 1e-9
  if (p$table == "dichotomous") fits <- fits & paste0(rows$events, "/", rows$total) == p$says
  rows <- rows[which(fits), ]
  if (nrow(rows) != 1) stop(nrow(rows), " raw rows for ", p$key)
  rows
}

add_arms <- function(rows) {  # several arms as one group
  n <- number(rows$n); m <- sum(n * number(rows$mean)) / sum(n)
  ss <- sum((n - 1) * number(rows$sd)^2) + sum(n * (number(rows$mean) - m)^2)
  list(n = sum(n), mean = m, sd = sqrt(ss / (sum(n) - 1)))
}

# yi and vi of a study from its raw rows; `paired` as pairs of the same patients.
effect <- function(study, measure) {
  rows <- lapply(study$provenance, find_row)
  correlation <- noted(study, "crossover_paired", "r"); paired <- !is.na(correlation)
  tables <- unique(vapply(study$provenance, function(p) p$table, ""))
  if (tables == "contrasts") {
    rows <- do.call(rbind, rows); yi <- number(rows$estimate); se <- number(rows$se)
    level <- number(rows$ci_level); level[is.na(level)] <- 95; level[level < 1] <- level[level < 1] * 100
    given <- (number(rows$ci_high) - number(rows$ci_low)) / (2 * qnorm(0.5 + level / 200))
    se[is.na(se)] <- given[is.na(se)]
    k <- length(yi)
    same_study <- noted(study, "effects_averaged", "rho")
    covariances <- (if (k > 1) same_study else 1) * outer(se, se); diag(covariances) <- se^2
    return(c(mean(yi), sum(covariances) / k^2))
  }
  if (length(rows) == 1)
    return(c(number(rows[[1]]$events), number(rows[[1]]$total)))
  control <- rows[[length(rows)]]
  drug <- do.call(rbind, rows[-length(rows)])
  if (tables == "dichotomous") {
    a <- sum(number(drug$events)); n1 <- sum(number(drug$total)); c <- number(control$events); n2 <- number(control$total)
    if (!paired)
      return(unlist(escalc(measure, ai = a, n1i = n1, ci = c, n2i = n2, add = 0.5, to = "only0")))
    # Marginal effect of pairs: variances of both periods less twice their covariance.
    p <- c(a, c) / n1; r <- correlation
    both <- r * sqrt(prod(p * (1 - p)))
    return(switch(measure,
      OR = c(qlogis(p[1]) - qlogis(p[2]), (1 / (p[1] * (1 - p[1])) + 1 / (p[2] * (1 - p[2])) - 2 * both / prod(p * (1 - p))) / n1),
      RR = c(log(p[1] / p[2]), ((1 - p[1]) / p[1] + (1 - p[2]) / p[2] - 2 * both / prod(p)) / n1),
      RD = c(p[1] - p[2], (sum(p * (1 - p)) - 2 * both) / n1)))
  }
  g <- add_arms(drug); h <- add_arms(control)
  if (paired)
    return(c(g$mean - h$mean, (g$sd^2 + h$sd^2 - 2 * correlation * g$sd * h$sd) / g$n))
  unlist(escalc(measure, m1i = g$mean, sd1i = g$sd, n1i = g$n, m2i = h$mean, sd2i = h$sd, n2i = h$n))
}

pool <- function(analysis) {
  rows <- t(vapply(analysis$studies, effect, c(0, 0), measure = analysis$measure))
  if (analysis$measure == "PLO") {
    fit <- rma.glmm(measure = "PLO", xi = rows[, 1], ni = rows[, 2], test = "t",
                    nAGQ = 21, control = list(optimizer = "optim", optmethod = "BFGS", optCtrl = list(reltol = 1e-14)))
    return(c(plogis(c(fit$b, fit$ci.lb, fit$ci.ub)), fit$tau2))
  }
  back <- if (analysis$measure %in% c("OR", "RR")) exp else identity
  strict <- list(threshold = 1e-12, maxiter = 10000)
  fits <- if (nrow(rows) == 1) list(rma(rows[, 1], rows[, 2], method = "FE")) else
    lapply(c("z", "knha"), function(test) rma(rows[, 1], rows[, 2], test = test, control = strict))
  wider <- fits[[which.max(vapply(fits, function(f) f$ci.ub - f$ci.lb, 0))]]
  c(back(c(wider$b, wider$ci.lb, wider$ci.ub)), if (nrow(rows) == 1) 0 else wider$tau2)
}

results <- fromJSON(file.path(project, "results/results.json"), simplifyVector = FALSE)$analyses
worst <- 0
for (analysis in results) {
  summary <- analysis$summary
  if (is.null(summary) || analysis$combine != "pool") next
  theirs <- tryCatch(pool(analysis), error = function(e) {cat(analysis$id, ": ", conditionMessage(e), "\n", sep = ""); NULL})
  if (is.null(theirs)) {worst <- Inf; next}
  tau2 <- summary$heterogeneity$components
  tau2 <- if (length(tau2)) tau2[[1]]$tau2
  ours <- c(summary$estimate, summary$ci_low, summary$ci_high, if (is.numeric(tau2)) tau2 else 0)
  if (summary$method$ci == "as printed") ours[2:3] <- theirs[2:3]  # one study: its own printed interval is shown
  far <- abs(ours - theirs) / pmax(abs(theirs), 1e-3)
  worst <- max(worst, far)
  cat(sprintf("%-24s %-3s k = %2d  %9.5g (%.5g to %.5g), tau2 %.5g   largest relative difference %.1e\n", analysis$id,
              analysis$measure, length(analysis$studies), theirs[1], theirs[2], theirs[3], theirs[4], max(far)))
}
cat(sprintf("Largest relative difference of all: %.1e\n", worst))
quit(status = if (worst < 1e-4) 0 else 1)
