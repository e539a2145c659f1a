# Binomial-normal models by lme4 (25 nodes, tight tolerance): sh -c 'Rscript glmm_reference.R > glmm_reference.json'
suppressMessages(library(lme4))
sets <- list(
  course = list(e = c(17, 11, 5, 20, 66, 288, 108, 39), n = c(24, 12, 14, 44, 97, 537, 195, 71)),
  rare = list(e = c(0, 1, 0, 2, 5, 0, 1), n = c(40, 55, 23, 180, 210, 31, 66)),
  spread = list(e = c(1, 9, 30, 2, 18, 5), n = c(20, 10, 45, 44, 20, 5)),
  large = list(e = c(2000, 3500, 1800, 5100), n = c(4000, 8000, 4400, 9000)),
  pritz = list(e = c(19, 29, 16, 38, 16, 18, 15, 11, 10, 12, 14, 30, 15, 16), n = c(22, 31, 25, 44, 23, 18, 17, 15, 13, 18, 15, 31, 21, 16))
)
out <- lapply(names(sets), function(name) {
  s <- sets[[name]]
  d <- data.frame(e = s$e, n = s$n, study = factor(seq_along(s$e)))
  m <- glmer(cbind(e, n - e) ~ 1 + (1 | study), family = binomial, data = d, nAGQ = 25,
             control = glmerControl(optimizer = "bobyqa", optCtrl = list(rhoend = 1e-9, maxfun = 1e5)))
  sprintf('{"name": "%s", "e": [%s], "n": [%s], "beta": %.12g, "se": %.12g, "tau2": %.12g}', name,
          paste(s$e, collapse = ", "), paste(s$n, collapse = ", "), fixef(m), sqrt(vcov(m)[1, 1]), VarCorr(m)$study[1])
})
cat("{\"lme4\": \"", as.character(packageVersion("lme4")), "\", \"fits\": [\n", paste(out, collapse = ",\n"), "\n]}\n", sep = "")
