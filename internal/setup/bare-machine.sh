#!/usr/bin/env bash
# Types the README's commands on a bare Debian: a fresh root with nothing but
# Go, Terraform, OpenTofu if it is here, git and make. It does so first as an
# ordinary user, then as root, then as that user again. For trying a release by
# hand, as root on a Debian machine with debootstrap. It takes about half an
# hour, and leaves nothing.
#
#   internal/setup/bare-machine.sh [SUITE]
set -euo pipefail

suite=${1:-bookworm}
module=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)

say() { printf '\n== %s\n' "$*"; }

# Everything runs in namespaces of their own, so that no mount and no process
# can outlive them. What is left to remove is one folder.
outside() {
  local tool
  for tool in debootstrap unshare go terraform git; do
    command -v "$tool" >/dev/null || { echo "$tool is needed, and is not installed" >&2; exit 1; }
  done
  [ "$(id -u)" = 0 ] || { echo "this has to run as root: it makes a root of its own" >&2; exit 1; }
  root=$(mktemp -d)
  trap clean EXIT
  trap 'exit 130' INT
  trap 'exit 143' TERM
  trap 'exit 129' HUP
  BARE_MACHINE=$root unshare --mount --pid --ipc --fork --kill-child --propagation private "$0" "$suite" </dev/null &
  # In the background, for a signal to be heard at once.
  wait $!
}

clean() {
  local status=$? namespaces
  trap '' INT TERM HUP
  for namespaces in $(jobs -p); do
    pkill -KILL -P "$namespaces" || true # Its first process takes all the others along.
    wait "$namespaces" || true
  done
  rm -rf --one-file-system "$root"
  exit "$status"
}

# as USER COMMAND...: runs a command in the new root, in the clone of that user.
as() {
  local user=$1 home
  shift
  home=$(chroot "$root" getent passwd "$user" | cut -d: -f6)
  chroot --userspec="$user" "$root" env -i HOME="$home" USER="$user" TERM=dumb "${network[@]}" \
    PATH=/usr/local/go/bin:/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin \
    bash -euc 'cd ~/provider && "$@"' - "$@"
}

# How this machine reaches the network, the new one does too.
network=(GOPROXY="$(go env GOPROXY)" GOSUMDB="$(go env GOSUMDB)")
for name in http_proxy https_proxy no_proxy HTTP_PROXY HTTPS_PROXY NO_PROXY; do
  [ -z "${!name:-}" ] || network+=("$name=${!name}")
done

fresh() {
  local mirror home device
  # Packages come from where this machine gets its own, else from debootstrap's default.
  mirror=$(apt-get indextargets --format '$(REPO_URI)' | grep -m 1 'debian/*$') || mirror=
  debootstrap --variant=minbase --include=ca-certificates,git,make "$suite" "$root" ${mirror:+"$mirror"} >"$root/log" || {
    cat "$root/log"
    exit 1
  }
  rm "$root/log"
  chmod 755 "$root"
  apt-config dump | grep -E '^Acquire::https?::Proxy' >"$root/etc/apt/apt.conf.d/90proxy" || true
  cp -L /etc/resolv.conf /etc/hosts "$root/etc/"
  cp -a /etc/ssl/certs/. "$root/etc/ssl/certs/"
  cp -a "$(go env GOROOT)" "$root/usr/local/go"
  install "$(command -v terraform)" "$root/usr/local/bin/"
  if command -v tofu >/dev/null; then install "$(command -v tofu)" "$root/usr/local/bin/"; fi
  mount -t proc proc "$root/proc"
  mount -t tmpfs -o mode=755 dev "$root/dev"
  mkdir -m 1777 "$root/dev/shm"
  mkdir "$root/dev/pts" # Terminals: a test opens one.
  mount -t devpts -o newinstance,ptmxmode=0666 devpts "$root/dev/pts"
  ln -s pts/ptmx "$root/dev/ptmx"
  ln -s /proc/self/fd "$root/dev/fd"
  for device in null zero full random urandom tty; do
    touch "$root/dev/$device"
    mount --bind "/dev/$device" "$root/dev/$device"
  done
  chroot "$root" useradd --create-home newcomer
  for home in root home/newcomer; do
    git clone --quiet "$module" "$root/$home/provider"
  done
  chroot "$root" chown -R newcomer: /home/newcomer
}

# The README's four commands, typed from the clone to the first database. The
# project's address leads to the clone in which this runs.
read -rd '' four_commands <<'SCRIPT' || true
engine=$1
use=$(sed '1,/^## Use it$/d' README.md)
mapfile -t commands < <(sed -n '/^```shell$/,/^```$/p' <<<"$use" | sed '/^```/d' | head -n 4)
export GIT_CONFIG_COUNT=1 GIT_CONFIG_KEY_0=url.$PWD.insteadOf
export GIT_CONFIG_VALUE_0=https://github.com/dbos-community/terraform-provider-dbos
cd "$(mktemp -d)"
own=$PWD
eval "${commands[0]}"
eval "${commands[1]}"
eval "exec ${commands[2]}" >"$own/printed" & # For make itself to be told to stop, and not a shell round it.
until grep -q '^export DBOS_ORGANIZATION=' "$own/printed"; do
  kill -0 $! || { cat "$own/printed"; exit 1; }
  sleep 0.2
done
eval "$(grep '^export ' "$own/printed")"
sed -n '/^```terraform$/,/^```$/p' <<<"$use" | sed '/^```/d' >"$own/main.tf"
cd "$own"
export TF_VAR_password=Correct-horse-7
eval "${commands[3]//terraform /$engine }" <<<yes | tee "$own/applied"
grep -q 'Apply complete! Resources: 1 added' "$own/applied"
kill $!
wait $! || true
make -C terraform-provider-dbos uninstall
rm -rf "$own"
SCRIPT

four_commands() { # USER
  local engine
  for engine in terraform tofu; do
    if [ -e "$root/usr/local/bin/$engine" ]; then
      say "as $1: four commands to the first database, with $engine"
      as "$1" bash -euo pipefail -c "$four_commands" - "$engine"
    else
      say "left out: $engine is not on this machine"
    fi
  done
}

inside() {
  root=$BARE_MACHINE
  say "a fresh $suite"
  fresh

  say "as a user, without PostgreSQL: the one command is printed"
  if as newcomer make demo 2>&1 | tee "$root/printed"; then
    echo "the demo ran without PostgreSQL" >&2
    exit 1
  fi
  grep -q '^ *sudo apt-get .*install' "$root/printed"

  say "as root: what is missing is installed"
  as root make demo
  as root make test

  say "as a user, with PostgreSQL"
  as newcomer make demo
  as newcomer make test
  four_commands newcomer

  say "the README's commands do what they say on a bare $suite"
}

if [ -n "${BARE_MACHINE:-}" ]; then inside; else outside; fi
