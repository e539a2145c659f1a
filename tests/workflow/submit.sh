#!/bin/sh
# Stands for a batch system: starts the job script it is given and prints an id.
"$1" >/dev/null 2>&1 &
echo $!
