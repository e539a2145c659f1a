#!/usr/bin/env bash
# A SLURM of one node on the loopback interface, for the tests: slurm_local.sh start | stop, as root.
# Needs Debian's slurm-wlm and munge. All state is in $SLURM_LOCAL, and the ports are free ones, so that a SLURM which an
# interrupted run left behind is never met. Whoever uses it sets SLURM_CONF=$SLURM_LOCAL/slurm.conf and puts
# $SLURM_LOCAL/bin first on PATH. Nothing is left running after `stop`.
set -euo pipefail
state=${SLURM_LOCAL:?names a folder for all state}
node=$(hostname -s)
export SLURM_CONF=$state/slurm.conf

find_free_ports() {
    python3 -c 'import socket; a, b = socket.socket(), socket.socket(); [s.bind(("127.0.0.1", 0)) for s in (a, b)]; print(a.getsockname()[1], b.getsockname()[1])'
}

write_configuration() {
    mkdir -p "$state"/{munge,controller,daemon,bin}
    read -r controller_port daemon_port < <(find_free_ports)
    chmod 0755 "$state" && chmod 0700 "$state/munge"
    (umask 077 && head -c 128 /dev/urandom >"$state/munge/munge.key")
    cat >"$SLURM_CONF" <<END
ClusterName=local
SlurmctldHost=$node(127.0.0.1)
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket=$state/munge/munge.socket
CredType=cred/munge
SlurmctldPort=$controller_port
SlurmdPort=$daemon_port
StateSaveLocation=$state/controller
SlurmdSpoolDir=$state/daemon
SlurmctldPidFile=$state/slurmctld.pid
SlurmdPidFile=$state/slurmd.pid
SlurmctldLogFile=$state/slurmctld.log
SlurmdLogFile=$state/slurmd.log
ProctrackType=proctrack/pgid
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SchedulerParameters=batch_sched_delay=0,sched_interval=2
ReturnToService=2
MpiDefault=none
CommunicationParameters=NoCtldInAddrAny,NoInAddrAny
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
JobCompType=jobcomp/none
MinJobAge=600
NodeName=$node NodeAddr=127.0.0.1 CPUs=$(nproc) RealMemory=$(awk '/MemTotal/ {print int($2 / 1024 * 0.8)}' /proc/meminfo) State=UNKNOWN
PartitionName=local Nodes=$node Default=YES MaxTime=INFINITE State=UP OverSubscribe=NO
END
    # Snakemake takes SLURM_CONF away from the `srun` inside a job.
    printf '#!/bin/sh\nSLURM_CONF=%s exec %s "$@"\n' "$SLURM_CONF" "$(command -v srun)" >"$state/bin/srun"
    chmod +x "$state/bin/srun"
}

case ${1:-} in
start)
    write_configuration
    munged --socket="$state/munge/munge.socket" --key-file="$state/munge/munge.key" --seed-file="$state/munge/munge.seed" \
        --pid-file="$state/munge/munged.pid" --log-file="$state/munge/munged.log" --force
    slurmctld -c -f "$SLURM_CONF"
    slurmd -f "$SLURM_CONF" -N "$node"
    for _ in $(seq 100); do
        [ "$(sinfo -h -o %t 2>/dev/null)" = idle ] && exit 0
        sleep 0.2
    done
    echo "the node does not come up" >&2
    exit 1
    ;;
stop)
    for file in "$state/slurmd.pid" "$state/slurmctld.pid" "$state/munge/munged.pid"; do
        [ -s "$file" ] && kill "$(cat "$file")" 2>/dev/null || true
    done
    exit 0
    ;;
*)
    echo "usage: $0 start | stop" >&2
    exit 2
    ;;
esac
