#!/usr/bin/env bash
# Ends what slurm_up.sh started, and nothing else. `--purge` also removes its folder.
set -uo pipefail
DIR=${RACKRATE_SLURM_DIR:-/tmp/rackrate-slurm}
export SLURM_CONF=$DIR/slurm.conf
start_time() { awk '{sub(/.*\) /,""); print $20}' "/proc/$1/stat" 2>/dev/null || true; }
alive() { local f=$DIR/pid/$1 p t; [ -s "$f" ] || return 1; read -r p t <"$f"; [ -n "$t" ] && [ "$(start_time "$p")" = "$t" ]; }

if alive slurmctld; then      # jobs first: their steps are children of slurmstepd, not of slurmd
  timeout 10 scancel --state=PENDING,RUNNING,SUSPENDED 2>/dev/null
  timeout 10 squeue -h -o %A 2>/dev/null | sort -u | xargs -r timeout 10 scancel -f 2>/dev/null
  for _ in $(seq 80); do [ -z "$(timeout 5 squeue -h 2>/dev/null)" ] && break; sleep 0.1; done
fi
for name in slurmd slurmctld slurmdbd mariadbd munged; do
  if alive "$name"; then
    read -r pid _ <"$DIR/pid/$name"; kill -TERM "$pid" 2>/dev/null
    for _ in $(seq 100); do alive "$name" || break; sleep 0.1; done
    if alive "$name"; then kill -KILL "$pid" 2>/dev/null; fi
  fi
  rm -f "$DIR/pid/$name"
done
if [ "${1:-}" = --purge ]; then rm -rf "$DIR"; fi
echo "Slurm is down."
