#!/usr/bin/env bash
# A real one-node Slurm on loopback, as root and without systemd: for tests, containers, or a first try of a cluster.
#
#   tests/cluster/slurm_up.sh [--install] [--accounting]     # then:  . $RACKRATE_SLURM_DIR/env
#
# A second call finds the running cluster and does nothing. Keys, sockets, spool, logs and process ids lie in
# $RACKRATE_SLURM_DIR (default /tmp/rackrate-slurm), ports are private: a Slurm of the machine's own is left alone.
# slurm_down.sh ends only the processes recorded here. Jobs above their memory are ended, as clusters do.
#
# --install     installs slurmctld, slurmd, slurm-client and munge (Debian, Ubuntu) where they are missing
# --accounting  also starts a MariaDB and slurmdbd of its own, so that `sacct` works
# RACKRATE_SLURM_CPUS   CPUs the node claims (default: nproc)     RACKRATE_SLURM_PORT  first of three ports
# RACKRATE_SLURM_ARRAY  MaxArraySize (default 1001, as Slurm's)   RACKRATE_SLURM_HIDES a folder that nodes do not see
set -euo pipefail

DIR=${RACKRATE_SLURM_DIR:-/tmp/rackrate-slurm}
CPUS=${RACKRATE_SLURM_CPUS:-$(nproc)}
PORT=${RACKRATE_SLURM_PORT:-26817}          # +1 slurmd, +2 slurmdbd
ACCOUNTING=0; INSTALL=0
for word in "$@"; do
  case $word in
    --accounting) ACCOUNTING=1 ;;
    --install) INSTALL=1 ;;
    *) echo "slurm_up.sh: $word: allowed are --install and --accounting" >&2; exit 2 ;;
  esac
done
[ "$(id -u)" = 0 ] || { echo "slurm_up.sh: needs root (munged, slurmd)" >&2; exit 2; }

need=(slurmctld slurmd slurm-client munge)
bins=(slurmctld slurmd sbatch munged)
if [ "$ACCOUNTING" = 1 ]; then need+=(slurmdbd mariadb-server); bins+=(slurmdbd mariadbd); fi
export PATH=$PATH:/usr/sbin:/sbin
missing=0; for b in "${bins[@]}"; do command -v "$b" >/dev/null || missing=1; done
if [ "$missing" = 1 ] && [ "$INSTALL" = 0 ]; then
  echo "slurm_up.sh: ${need[*]} are missing; slurm_up.sh --install installs them" >&2; exit 3
fi
if [ "$missing" = 1 ]; then
  # policy-rc.d: the packages' own services must not start (wrong ports, wrong user).
  made_policy=0
  if [ ! -e /usr/sbin/policy-rc.d ]; then
    printf '#!/bin/sh\nexit 101\n' >/usr/sbin/policy-rc.d; chmod +x /usr/sbin/policy-rc.d; made_policy=1
  fi
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${need[@]}" >/dev/null 2>&1 ||
    { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${need[@]}" >/dev/null; }
  [ "$made_policy" = 1 ] && rm -f /usr/sbin/policy-rc.d
fi

umask 022
mkdir -p "$DIR"/{munge,spool/ctld,spool/d,log,pid}
chmod 0755 "$DIR" "$DIR/munge"
export SLURM_CONF=$DIR/slurm.conf
NODE=$(hostname -s)

# A recorded process is "ours" only while its start time matches (pids are reused).
start_time() { awk '{sub(/.*\) /,""); print $20}' "/proc/$1/stat" 2>/dev/null || true; }
alive() { local f=$DIR/pid/$1 p t; [ -s "$f" ] || return 1; read -r p t <"$f"; [ -n "$t" ] && [ "$(start_time "$p")" = "$t" ]; }
record() { echo "$2 $(start_time "$2")" >"$DIR/pid/$1"; }
wait_for() { local i; for i in $(seq 100); do "$@" >/dev/null 2>&1 && return 0; sleep 0.1; done; return 1; }
die() { echo "slurm_up.sh: $1; see $DIR/log" >&2; tail -n 5 "$DIR"/log/* >&2 || true; exit 1; }

# ---- munge (authentication): private key and socket
if ! alive munged; then
  [ -s "$DIR/munge/key" ] || head -c 1024 /dev/urandom >"$DIR/munge/key"
  chmod 0400 "$DIR/munge/key"; rm -f "$DIR/munge/socket"
  munged --foreground --key-file="$DIR/munge/key" --socket="$DIR/munge/socket" --pid-file="$DIR/munge/pid" \
         --log-file="$DIR/munge/munged.log" --seed-file="$DIR/munge/seed" --num-threads=2 </dev/null >"$DIR/log/munged" 2>&1 &
  record munged $!
  wait_for munge -n --socket="$DIR/munge/socket" || die "munged did not answer"
fi

# ---- accounting (optional): MariaDB on a unix socket + slurmdbd
ACCT="AccountingStorageType=accounting_storage/none"
if [ "$ACCOUNTING" = 1 ]; then
  ACCT="AccountingStorageType=accounting_storage/slurmdbd
AccountingStorageHost=localhost
AccountingStoragePort=$((PORT + 2))
AccountingStoragePass=$DIR/munge/socket"
  if ! alive mariadbd; then
    [ -d "$DIR/db/mysql" ] || mariadb-install-db --no-defaults --user=root --datadir="$DIR/db" --auth-root-authentication-method=socket \
        --skip-test-db >"$DIR/log/mariadb-install" 2>&1 || die "mariadb-install-db failed"
    mariadbd --no-defaults --user=root --datadir="$DIR/db" --socket="$DIR/db.sock" --skip-networking --pid-file="$DIR/db.pid" \
        --innodb-buffer-pool-size=64M --innodb-log-file-size=16M --innodb-lock-wait-timeout=900 </dev/null >"$DIR/log/mariadbd" 2>&1 &
    record mariadbd $!
    wait_for mariadb --no-defaults --socket="$DIR/db.sock" -e 'select 1' || die "mariadbd did not answer"
    mariadb --no-defaults --socket="$DIR/db.sock" -e 'create database if not exists slurm_acct_db'
  fi
  if ! alive slurmdbd; then
    cat >"$DIR/slurmdbd.conf" <<CONF
AuthType=auth/munge
AuthInfo=socket=$DIR/munge/socket
DbdHost=localhost
DbdPort=$((PORT + 2))
SlurmUser=root
LogFile=$DIR/log/slurmdbd
PidFile=$DIR/slurmdbd.pid
StorageType=accounting_storage/mysql
StorageHost=localhost
StorageUser=root
StorageLoc=slurm_acct_db
CONF
    chmod 0600 "$DIR/slurmdbd.conf"
    MYSQL_UNIX_PORT=$DIR/db.sock slurmdbd -D </dev/null >"$DIR/log/slurmdbd.out" 2>&1 &
    record slurmdbd $!
  fi
fi

# ---- slurm.conf: one node, CPUs and memory consumable, no cgroups (linuxproc tracks processes)
if ! alive slurmctld; then
  cat >"$SLURM_CONF" <<CONF
ClusterName=rackrate
SlurmctldHost=$NODE(127.0.0.1)
SlurmctldPort=$PORT
SlurmdPort=$((PORT + 1))
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket=$DIR/munge/socket,cred_expire=5
CredType=cred/munge
StateSaveLocation=$DIR/spool/ctld
SlurmdSpoolDir=$DIR/spool/d
SlurmctldPidFile=$DIR/slurmctld.pid
SlurmdPidFile=$DIR/slurmd.pid
SlurmctldLogFile=$DIR/log/slurmctld
SlurmdLogFile=$DIR/log/slurmd
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
MpiDefault=none
SwitchType=switch/none
ReturnToService=2
SlurmdParameters=config_overrides
SchedulerType=sched/backfill
SchedulerParameters=bf_interval=2,sched_interval=2,batch_sched_delay=0,requeue_setup_env_fail
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
JobRequeue=1
JobAcctGatherType=jobacct_gather/linux
JobAcctGatherParams=OverMemoryKill
JobAcctGatherFrequency=task=1
MaxArraySize=${RACKRATE_SLURM_ARRAY:-1001}
MinJobAge=3600
KillWait=5
InactiveLimit=0
Waittime=0
SlurmctldTimeout=60
SlurmdTimeout=60
JobCompType=jobcomp/filetxt
JobCompLoc=$DIR/log/jobcomp
$ACCT
NodeName=$NODE NodeAddr=127.0.0.1 CPUs=$CPUS RealMemory=$(awk '/MemTotal/{print int($2/1024*0.9)}' /proc/meminfo) State=UNKNOWN
PartitionName=main Nodes=$NODE Default=YES MaxTime=INFINITE State=UP
CONF
  if [ "$ACCOUNTING" = 1 ]; then
    wait_for sacctmgr -n show cluster || die "slurmdbd did not answer"
    sacctmgr -n show cluster format=cluster | grep -q rackrate || sacctmgr -i add cluster rackrate >/dev/null 2>&1 || true
  fi
  slurmctld -D </dev/null >"$DIR/log/slurmctld.out" 2>&1 &
  record slurmctld $!
fi
wait_for scontrol ping || true
if ! alive slurmd; then
  if [ -n "${RACKRATE_SLURM_HIDES:-}" ]; then
    unshare -m sh -c 'mount -t tmpfs none "$1" && exec slurmd -D -N "$2"' sh "$RACKRATE_SLURM_HIDES" "$NODE" </dev/null >"$DIR/log/slurmd.out" 2>&1 &
  else
    slurmd -D -N "$NODE" </dev/null >"$DIR/log/slurmd.out" 2>&1 &
  fi
  record slurmd $!
fi
printf 'export SLURM_CONF=%q\nexport MUNGE_SOCKET=%q\n' "$SLURM_CONF" "$DIR/munge/socket" >"$DIR/env"
up() { sinfo -h -o %T | grep -Eq '^(idle|mixed|allocated)'; }
wait_for up || die "the node did not come up"
echo "Slurm $(sinfo -V | cut -d' ' -f2) is up: $CPUS CPUs on $NODE.  . $DIR/env"
