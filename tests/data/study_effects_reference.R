# Reference of predicted effects of single studies; run with R and metafor.
suppressMessages(library(metafor)); library(jsonlite)
one <- function(measure, test) {
  d <- escalc(measure=measure, ai=tpos, bi=tneg, ci=cpos, di=cneg, data=dat.bcg)
  r <- rma(yi, vi, data=d, test=test, control=list(threshold=1e-14, maxiter=1000))
  b <- blup(r)
  list(id=paste(measure, test), ci=if (test == "z") "z" else "HK", yi=as.numeric(d$yi), vi=as.numeric(d$vi),
       pred=b$pred, se=b$se, lower=b$pi.lb, upper=b$pi.ub)
}
cases <- list(one("RR", "z"), one("RR", "knha"), one("OR", "z"), one("OR", "knha"), one("RD", "z"), one("RD", "knha"))
write(toJSON(list(about=paste("metafor", packageVersion("metafor"), "blup of rma(test=), REML, BCG"), cases=cases),
             digits=NA, auto_unbox=TRUE), "tests/data/study_effects_reference.json")
