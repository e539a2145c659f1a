# metafor: a full result per call; a loop over data sets, its own functions for GOSH and permutation tests.
# Rscript metafor.R --data FOLDER --out FOLDER [--budget SECONDS] [--only REGEX]
# Timed as timing.py does, but the last warm-up call counts as the first sample. Leave-one-out is timed as single refits, because leave1out() does all k of them or none.
# Own subsets and shuffles: gosh() and permutest() draw them; with all subsets, values are matched by subset.

suppressPackageStartupMessages(library(metafor))
set.seed(1)

arguments <- commandArgs(trailingOnly = TRUE)
option <- function(name, default) {
  at <- match(paste0("--", name), arguments)
  if (is.na(at)) default else arguments[at + 1]
}
data_folder <- option("data", ".")
out_folder <- option("out", "")
only <- option("only", "")
budget <- as.numeric(option("budget", "2"))
version <- as.character(packageVersion("metafor"))
sample_seconds <- 0.2 # the clock ticks in milliseconds
most_samples <- 5
growth <- 8

arrays <- read.csv(file.path(data_folder, "arrays.csv"))
loads <- read.csv(file.path(data_folder, "workloads.csv"))

read_array <- function(name) {
  row <- arrays[arrays$name == name, ]
  n <- row$rows * row$cols
  file <- file.path(data_folder, paste0(name, ".bin"))
  values <- switch(row$kind,
    f8 = readBin(file, "double", n, 8, endian = "little"),
    i4 = readBin(file, "integer", n, 4, endian = "little"),
    u1 = readBin(file, "integer", n, 1, signed = FALSE)
  )
  matrix(values, row$rows, row$cols, byrow = TRUE)
}

peak_memory <- function() {
  line <- grep("VmHWM", readLines("/proc/self/status"), value = TRUE)
  as.numeric(gsub("[^0-9]", "", line))
}

reset_peak_memory <- function() {
  try(suppressWarnings(cat("5", file = "/proc/self/clear_refs")), silent = TRUE)
}

clock <- function(call, loops = 1) {
  before <- proc.time()
  for (i in seq_len(loops)) result <- call()
  spent <- (proc.time() - before) / loops
  list(cpu = spent[["user.self"]] + spent[["sys.self"]], wall = spent[["elapsed"]], result = result)
}

number <- function(x) ifelse(is.finite(x), sprintf("%.17g", x), "null")
text <- function(x) paste0("\"", gsub("[\"\\\\\n]", " ", x), "\"")

emit <- function(workload, fields, note = "") {
  fields <- c(list(tool = text("metafor"), version = text(version), workload = text(workload)), fields)
  if (nzchar(note)) fields$note <- text(note)
  cat("{", paste(sprintf("\"%s\": %s", names(fields), unlist(fields)), collapse = ", "), "}\n", sep = "")
  flush(stdout())
}

# run(n) does the first n fits; rows() turns its result into a matrix with columns key, tau2, beta.
time_case <- function(workload, run, rows = NULL, note = "") {
  if (!grepl(only, workload, perl = TRUE)) return(invisible())
  total <- loads$fits[loads$name == workload]
  outcome <- try(measure(run, total), silent = TRUE)
  if (inherits(outcome, "try-error")) {
    reason <- conditionMessage(attr(outcome, "condition"))
    return(emit(workload, list(missing = text(substr(reason, 1, 200))), note))
  }
  fields <- outcome$fields
  if (!is.null(rows)) {
    values <- rows(outcome$result)
    values <- values[order(values[, 1]), , drop = FALSE]
    if (nzchar(out_folder)) {
      dir.create(out_folder, showWarnings = FALSE, recursive = TRUE)
      file <- file.path(out_folder, paste0("metafor.", workload, ".bin"))
      writeBin(as.vector(t(values)), file, size = 8, endian = "little")
    }
    good <- values[apply(is.finite(values), 1, all), , drop = FALSE]
    first <- apply(head(good, 3), 1, function(r) paste0("[", paste(number(r), collapse = ", "), "]"))
    fields$first <- paste0("[", paste(first, collapse = ", "), "]")
    fields$sums <- paste0("[", number(sum(good[, 2])), ", ", number(sum(good[, 3])), "]")
  }
  emit(workload, fields, note)
}

measure <- function(run, total) {
  reset_peak_memory()
  n <- 1
  spent <- clock(function() run(1))
  first <- spent$cpu
  repeat {
    room <- min(growth, 1.5 * budget / max(spent$wall, 1e-3))
    if (n >= total || room < 2) break
    n <- min(total, floor(n * room))
    spent <- clock(function() run(n))
  }
  if (n == 1 && spent$wall < budget) spent <- clock(function() run(1))
  loops <- max(1, ceiling(sample_seconds / max(spent$wall, 1e-3)))
  cpu <- wall <- numeric(0)
  if (loops == 1) {
    cpu <- spent$cpu
    wall <- spent$wall
  }
  while (length(cpu) < most_samples && sum(wall) * loops < budget) {
    again <- clock(function() run(n), loops)
    cpu <- c(cpu, again$cpu)
    wall <- c(wall, again$wall)
  }
  fields <- list(
    n_fits = number(total),
    cpu_seconds = number(median(cpu) * total / n),
    wall_seconds = number(median(wall) * total / n),
    extrapolated_from = if (n < total) number(n) else "null",
    samples = number(length(cpu)),
    first_call_cpu_seconds = number(first),
    max_rss_kib = number(peak_memory())
  )
  list(fields = fields, result = spent$result)
}

rows_of <- function(results) {
  tau2 <- vapply(results, function(r) r$tau2, 0)
  beta <- vapply(results, function(r) r$beta[1], 0)
  cbind(seq_along(results) - 1, tau2, beta)
}

# A fit whose Fisher scoring does not converge is an error in metafor; it is left out of the comparison.
fit <- function(y, v, method) {
  tryCatch(rma(y, v, method = method), error = function(e) list(tau2 = NaN, beta = NaN))
}

loop <- function(y, v, method) {
  shared <- nrow(v) == 1
  function(n) lapply(seq_len(n), function(i) fit(y[i, ], v[if (shared) 1 else i, ], method))
}

gosh_runner <- function(model, every) {
  function(n) {
    if (n == every) gosh(model, progbar = FALSE) else gosh(model, subsets = max(n, 2), progbar = FALSE)
  }
}

rows_of_gosh <- function(result) {
  chosen <- as.matrix(result$incl)
  values <- cbind(chosen %*% 2^(seq_len(ncol(chosen)) - 1), result$res$tau2, result$res$estimate)
  values[rowSums(chosen) > 1, , drop = FALSE]
}

for (name in c("13", "100", "large")) {
  key <- if (name == "large") name else paste0("k", name)
  run <- loop(read_array(paste0(key, "_y")), read_array(paste0(key, "_v")), "REML")
  time_case(paste0("single_", name, "_REML"), run, rows_of)
}

y <- read_array("batch_y")
v <- read_array("batch_v")
for (method in c("DL", "PM", "REML")) {
  time_case(paste0("batch_", method), loop(y, v, method), rows_of, "loop")
}
rm(y, v)

for (name in c("gosh_all", "gosh_random")) {
  y <- read_array(paste0(name, "_y"))[1, ]
  v <- read_array(paste0(name, "_v"))[1, ]
  for (method in c("CE", "DL", "REML")) {
    workload <- paste0(name, "_", method)
    model <- rma(y, v, method = if (method == "CE") "EE" else method)
    all_subsets <- name == "gosh_all"
    every <- if (all_subsets) loads$fits[loads$name == workload] else -1
    time_case(
      workload, gosh_runner(model, every), if (all_subsets) rows_of_gosh,
      if (all_subsets) "" else "subsets of its own"
    )
  }
}

y <- read_array("k13_y")[1, ]
v <- read_array("k13_v")[1, ]
model <- rma(y, v, mods = ~ read_array("k13_x")[1, ], method = "REML")
time_case(
  "permutation_REML", function(n) permutest(model, iter = max(n, 2), progbar = FALSE),
  note = "shuffles of its own"
)

y <- read_array("large_y")[1, ]
v <- read_array("large_v")[1, ]
refits <- function(n) lapply(seq_len(n), function(i) fit(y[-i], v[-i], "REML"))
time_case("leave_one_out_REML", refits, rows_of, "loop")

time_case("bootstrap_REML", loop(read_array("bootstrap_y"), read_array("k13_v"), "REML"), rows_of, "loop")

counts <- read_array("glmm")
glmm <- function(n) list(rma.glmm(measure = "PLO", xi = counts[, 1], ni = counts[, 2]))
time_case("glmm_PLO", glmm, rows_of)

x <- read_array("counts")
mantel_haenszel <- function(n) {
  list(rma.mh(measure = "RR", ai = x[, 1], bi = x[, 2], ci = x[, 3], di = x[, 4]))
}
for (name in c("mantel_haenszel", "read_mantel_haenszel")) {
  time_case(name, mantel_haenszel, function(r) cbind(0, 0, r[[1]]$beta[1]))
}

few <- read_array("glmm_8")
glmm_few <- function(n) list(rma.glmm(measure = "PLO", xi = few[, 1], ni = few[, 2]))
time_case("glmm_PLO_8", glmm_few, rows_of, "lme4 inside")

conditional <- function(n) {
  list(rma.glmm(measure = "OR", ai = x[, 1], bi = x[, 2], ci = x[, 3], di = x[, 4], model = "CM.EL"))
}
time_case("glmm_CM_EL", conditional, rows_of)

latitude <- read_array("k13_x")[1, ]
samples <- read_array("bootstrap_y")
v <- read_array("k13_v")[1, ]
regressions <- function(n) {
  lapply(seq_len(n), function(i) {
    r <- rma(samples[i, ], v, mods = ~latitude, method = "DL")
    list(tau2 = r$tau2, beta = r$beta[2])
  })
}
time_case("regression_DL", regressions, rows_of, "loop")

for (name in c("three_level", "three_level_many")) {
  y <- read_array(paste0(name, "_y"))[1, ]
  v <- read_array(paste0(name, "_v"))[1, ]
  cluster <- read_array(paste0(name, "_cluster"))[1, ]
  effect <- seq_along(y)
  # Its matrices have a row and a column for each effect: ten thousand need gigabytes.
  if (length(y) > 5000) {
    emit(name, list(missing = text("its matrices are k x k")))
  } else {
    levels <- function(n) {
      r <- rma.mv(y, v, random = ~ 1 | cluster / effect)
      list(list(tau2 = r$sigma2[1], beta = r$beta[1]))
    }
    time_case(name, levels, rows_of)
  }
}
