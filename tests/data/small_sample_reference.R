# Henmi-Copas intervals and random effects by metafor, Kenward-Roger by lme4 and pbkrtest: small_sample_reference.json.
# Sampling variances of 0.05 are part of the residual variance of lme4's model, so its REML fit is multilevel's.
suppressMessages({library(metafor); library(lme4); library(pbkrtest); library(jsonlite)})
exact <- list(tol = 1e-13)
hc_of <- function(id, yi, vi) {
  h <- hc(rma(yi, vi, method = "DL"), control = exact)
  list(id = id, yi = yi, vi = vi, beta = h$beta[1], se = h$se, ci_low = h$ci.lb, ci_high = h$ci.ub, tau2 = h$tau2)
}
bcg <- escalc(measure = "RR", ai = tpos, bi = tneg, ci = cpos, di = cneg, data = dat.bcg)
stay <- escalc(measure = "SMD", m1i = m1i, sd1i = sd1i, n1i = n1i, m2i = m2i, sd2i = sd2i, n2i = n2i, data = dat.normand1999)
intervals <- list(
  hc_of("bcg", c(bcg$yi), c(bcg$vi)), hc_of("normand1999", c(stay$yi), c(stay$vi)),
  hc_of("three", c(.1, .3, .9), c(.02, .03, .05)), hc_of("no heterogeneity", c(.1, .3, .2, .25), c(.02, .03, .05, .4)),
  hc_of("hackshaw1998", c(dat.hackshaw1998$yi), c(dat.hackshaw1998$vi))
)

k <- dat.konstantopoulos2011
sharp <- list(optimizer = "optim", optmethod = "BFGS", reltol = 1e-15)
f <- rma.mv(yi, vi, random = ~ 1 | district/school, data = k, control = sharp, test = "t", dfs = "contain")
r <- ranef(f)
effects <- list(sigma2 = f$sigma2, outer = r[[1]]$intrcpt, outer_se = r[[1]]$se, inner = r[[2]]$intrcpt, inner_se = r[[2]]$se)

set.seed(3)
cl <- rep(1:9, c(2, 5, 3, 1, 4, 6, 2, 3, 4))
n <- length(cl)
x <- round(rnorm(n), 2)
z <- round(rnorm(9), 1)[cl]
y <- round(.3 + .2 * x + rnorm(9, sd = .6)[cl] + rnorm(n, sd = .5), 2)
m <- lmer(y ~ x + z + (1 | cl), control = lmerControl(optimizer = "bobyqa", optCtrl = list(rhoend = 1e-12)))
whole <- KRmodcomp(m, lmer(y ~ 1 + (1 | cl)))$stats
single <- lapply(2:3, function(j) KRmodcomp(m, matrix(as.numeric(1:3 == j), 1))$stats)
roger <- list(
  cluster = cl, x = x, z = z, y = y, sigma2 = c(VarCorr(m)$cl[1], sigma(m)^2 - 0.05), beta = fixef(m),
  covariance = as.matrix(vcovAdj(m)), df = sapply(single, function(s) s$ddf), f = sapply(single, function(s) s$Fstat),
  wald = c(whole$Fstat, whole$ndf, whole$ddf, whole$p.value)
)
versions <- sapply(c("metafor", "lme4", "pbkrtest"), function(p) as.character(packageVersion(p)))
write_json(
  list(versions = as.list(versions), henmi_copas = intervals, random_effects = effects, kenward_roger = roger),
  "tests/data/small_sample_reference.json", digits = NA, auto_unbox = TRUE
)
