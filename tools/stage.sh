# SPDX-License-Identifier: GPL-3.0-or-later
# For ./demo and ./bench: a throw-away stage with a real Samba server, a bus and fsrvpd of its own.
# Source it; stage_up and stage_down are what it offers. Everything lies below $stage and goes.

# stage_up LABSERVER_ARGS…: sets stage, port, conf, credentials; fsrvpctl then speaks to our fsrvpd.
stage_up() {
    stage=$(mktemp -d /tmp/fsrvp-stage.XXXXXX)
    mkdir -m 700 "$stage/state" "$stage/run"
    mkdir -m 755 -p "$stage/config/servers.d"

    # The lab lives as long as this pipe is open.
    mkfifo "$stage/lab-stdin" "$stage/lab-stdout"
    tests/lab/labserver run --dir "$stage/lab" "$@" \
        <"$stage/lab-stdin" >"$stage/lab-stdout" 2>"$stage/lab.log" &
    lab_pid=$!
    exec 8>"$stage/lab-stdin"
    local description
    if ! read -r description <"$stage/lab-stdout"; then
        cat "$stage/lab.log" >&2
        return 1
    fi
    port=$(field "$description" port)
    conf=$(field "$description" conf)
    credentials=$(field "$description" credentials)
    umask 022
    cat >"$stage/config/servers.d/lab.json" <<JSON
{"hosts": ["127.0.0.1"], "port": $port, "credentials_file": "$credentials"}
JSON

    cat >"$stage/bus.conf" <<XML
<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>system</type>
  <listen>unix:path=$stage/bus</listen>
  <policy context="default">
    <allow user="*"/><allow own="*"/>
    <allow send_destination="*"/><allow receive_sender="*"/>
  </policy>
</busconfig>
XML
    dbus-daemon --nofork --nopidfile --config-file="$stage/bus.conf" 2>"$stage/bus.log" 8>&- &
    bus_pid=$!
    export DBUS_SYSTEM_BUS_ADDRESS=unix:path=$stage/bus
    until_true 50 test -S "$stage/bus"
    STATE_DIRECTORY=$stage/state RUNTIME_DIRECTORY=$stage/run \
        "$build/daemon/fsrvpd" --config-dir "$stage/config" 2>"$stage/fsrvpd.log" 8>&- &
    daemon_pid=$!
    if ! until_true 50 "$build/ctl/fsrvpctl" --quiet list; then
        cat "$stage/fsrvpd.log" >&2
        return 1
    fi
}

# field JSON NAME: a value of a flat JSON object.
field() {
    python3 -c 'import json, sys; print(json.loads(sys.argv[1])[sys.argv[2]])' "$1" "$2"
}

# until_true TENTHS COMMAND…: runs the command until it succeeds, so many tenths of a second.
until_true() {
    local left=$1
    shift
    until "$@" >/dev/null 2>&1; do
        left=$((left - 1))
        [ "$left" -gt 0 ] || return 1
        sleep 0.1
    done
}

stage_down() {
    local status=0
    # In this order: a lab that goes first would leave fsrvpd without its server.
    for pid in "${daemon_pid-}" "${bus_pid-}"; do
        [ -z "$pid" ] || { kill "$pid" 2>/dev/null && wait "$pid"; } || true
    done
    exec 8>&-
    if [ -n "${lab_pid-}" ]; then
        wait "$lab_pid" || status=$?
    fi
    rm -rf "${stage:?}"
    return "$status"
}
