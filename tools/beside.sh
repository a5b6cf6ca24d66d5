# shellcheck shell=bash
# What a script runs beside itself. Sourced by test and .ci/run.

# Runs a command beside this script, in a process group of its own, so that end_beside() ends it with all that it started.
start_beside() { # LOG COMMAND...
    local log=$1
    shift
    set -m
    "$@" >"$log" 2>&1 </dev/null &
    set +m
}
end_beside() { jobs -p | sed 's/^/-/' | xargs -r kill -- 2>/dev/null || true; }

# Ctrl-C ends the whole script, not only the part that it is at.
trap 'exit 130' INT
