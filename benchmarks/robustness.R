# metafor: CPU seconds of many refits, at default settings. Called by robustness.py with a folder that holds the data.
# Where all refits would take minutes, some are timed and the rate is what counts; `done` says how many.
suppressMessages(library(metafor))
folder <- commandArgs(TRUE)[1]
k15 <- read.csv(file.path(folder, "k15.csv"))
k1000 <- read.csv(file.path(folder, "k1000.csv"))
cpu <- function(expr) { t <- proc.time(); force(expr); sum((proc.time() - t)[1:2]) }
say <- function(name, done, seconds) cat(name, done, format(seconds, digits = 6), sep = ",", fill = TRUE)
reml <- rma(yi, vi, data = k15)
say("gosh_REML", 1000, cpu(gosh(reml, subsets = 1000, progbar = FALSE)))
say("gosh_DL", 2000, cpu(gosh(rma(yi, vi, data = k15, method = "DL"), subsets = 2000, progbar = FALSE)))
say("permutation_REML", 500, cpu(permutest(reml, iter = 500, progbar = FALSE)))
# leave1out and influence fit the model again without each study; eight of them.
say("leave_one_out_1000", 8, cpu(for (i in 1:8) rma(yi, vi, data = k1000[-i, ])))
say("influence_1000", 1000, cpu(influence(rma(yi, vi, data = k1000, method = "DL"))))
say("bootstrap_REML", 500, cpu(for (i in 1:500) try(rma(k15$yi[sample(15, replace = TRUE)], k15$vi), silent = TRUE)))
say("trim_and_fill", 50, cpu(for (i in 1:50) trimfill(reml)))
say("selection_3psm", 5, cpu(for (i in 1:5) selmodel(rma(yi, vi, data = k15, method = "ML"), type = "stepfun", steps = 0.025)))
