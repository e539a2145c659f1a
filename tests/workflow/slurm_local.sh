#!/usr/bin/env bash
# A SLURM of one node on the loopback interface, for the tests: slurm_local.sh start | stop, as root.
# Needs Debian's slurm-wlm and munge. All state is in $SLURM_LOCAL; nothing is left running after `stop`.
set -euo pipefail
state=${SLURM_LOCAL:?names a folder for all state}
node=$(hostname -s)
export SLURM_CONF=$state/slurm.conf

write_configuration() {
    mkdir -p "$state"/{munge,controller,daemon} /etc/slurm
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
SlurmctldPort=26817
SlurmdPort=26818
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
    # Jobs do not inherit SLURM_CONF, so their `srun` looks in the usual place.
    [ -e /etc/slurm/slurm.conf ] || ln -s "$SLURM_CONF" /etc/slurm/slurm.conf
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
    [ "$(readlink /etc/slurm/slurm.conf)" = "$SLURM_CONF" ] && rm /etc/slurm/slurm.conf
    exit 0
    ;;
*)
    echo "usage: $0 start | stop" >&2
    exit 2
    ;;
esac
