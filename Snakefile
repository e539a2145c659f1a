# The workflow is in workflow/; config.yaml here says what it computes, data/raw/ of what.
include: "workflow/Snakefile"


rule everything:
    default_target: True
    input:
        rules.all.input,
    localrule: True
    message:
        "everything is there"
