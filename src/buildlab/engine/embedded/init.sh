# Runs as the first child of process 1 of an engine's own network, mount and process namespaces.
# Everything that the engine leaves on a system (sockets, mounts, interfaces, iptables rules)
# is inside these namespaces and ends with them.
#
# init.sh PACKAGES STATE SOCKETS; descriptor 0 is a pipe from the starter: it says "go" when
# the network is attached, and where the engine has an owner, its end means the owner's death.
# Descriptor 8 belongs to process 1 only: its end tells the network that the namespaces ended.
# Descriptor 9 is a lock that all of the engine's processes keep until the last one is gone.
set -eu
packages=$1 state=$2 sockets=$3
exec 8>&-
cd /
b=$packages/bin/busybox
resolv=$(readlink -m /etc/resolv.conf)

# A /run of our own: the engine's helpers put sockets there under fixed names.
run=$state/run
"$b" mount -t tmpfs -o mode=0755 tmpfs "$run"
"$b" mkdir -p "$run/buildlab/packages" "$run/buildlab/data" "$run/buildlab/sock" \
    "$run/buildlab/template" "$run/buildlab/modules"
"$b" mount -o bind "$packages" "$run/buildlab/packages"
"$b" mount -o bind "$state/data" "$run/buildlab/data"
"$b" mount -o bind "$sockets" "$run/buildlab/sock"
[ -z "${BUILDLAB_MODULES:-}" ] || "$b" mount -o bind "$BUILDLAB_MODULES" "$run/buildlab/modules"
if [ -e "$state/template" ]; then
    "$b" mount -o bind "$state/template/" "$run/buildlab/template"
    "$b" mount -o remount,bind,ro "$run/buildlab/template"
fi
"$b" cp "$state/resolv.conf" "$state/daemon.json" "$run/buildlab/"
[ ! -e "$state/borrowed" ] || "$b" cp "$state/borrowed" "$run/buildlab/"
"$b" mount -o move "$run" /run

# From here on all paths are short, plain ASCII: overlay mounts can't take colons or commas.
here=/run/buildlab
b=$here/packages/bin/busybox
if [ -e $here/borrowed ]; then
    while read -r folder; do
        "$b" mount -o bind "$here/template/$folder" "$here/data/$folder"
    done < $here/borrowed
fi
[ -e "$resolv" ] || { "$b" mkdir -p "${resolv%/*}" && : > "$resolv"; }
"$b" mount -o bind $here/resolv.conf "$resolv"

# Where AppArmor is on, the engine would load a profile that stays in the kernel.
[ ! -d /sys/kernel/security ] || "$b" mount -t tmpfs -o ro tmpfs /sys/kernel/security
# The host's /sys shows the host's interfaces; dockerd waits for its bridge to appear there.
"$b" mkdir $here/sys
"$b" mount -t sysfs sysfs $here/sys
for folder in class/net devices/virtual/net; do
    "$b" mount -o bind $here/sys/$folder /sys/$folder
done

read -r _
if [ -n "${BUILDLAB_OWNED:-}" ]; then
    # Process 1 hands SIGTERM on to the engine; a dead engine ends process 1 and all others.
    exec 7<&0
    (read -r _ <&7 || kill -TERM 1) >/dev/null 2>&1 &
    exec 7<&-
fi
exec </dev/null

export HOME=$here PATH=$here/packages/bin:/usr/sbin:/usr/bin:/sbin:/bin
"$b" ip link set lo up
# Go modules for builds without internet, at an address that containers reach by their gateway.
if [ -n "${BUILDLAB_MODULES:-}" ]; then
    "$b" ip address add "${BUILDLAB_STORE%:*}/32" dev lo
    "$b" httpd -f -p "$BUILDLAB_STORE" -h $here/modules &
fi
iptables -t nat -S >/dev/null 2>&1 || export BUILDLAB_XTABLES=legacy
unset BUILDLAB_OWNED BUILDLAB_MODULES BUILDLAB_STORE
# No overlay mounts where the folder is on one itself, as in a container: copy layers then.
probe=$here/data/probe store=
"$b" mkdir -p $probe/lower $probe/upper $probe/work $probe/merged
"$b" mount -t overlay -o "lowerdir=$probe/lower,upperdir=$probe/upper,workdir=$probe/work" \
    overlay $probe/merged 2>/dev/null && "$b" umount $probe/merged || store=native
"$b" rm -rf $probe
exec dockerd --config-file $here/daemon.json ${store:+--storage-driver $store}
