#!/bin/sh
# Programs of other makers that the tests talk to. Installed where that is ours to decide (CI, or root in a container);
# elsewhere what is missing is named and its tests are skipped by name.
set -eu
missing=""
for pair in dcmsend:dcmtk Orthanc:orthanc dciodvfy:dicom3tools chromium:chromium; do
    command -v "${pair%%:*}" >/dev/null 2>&1 || missing="$missing ${pair#*:}"
done
[ -n "$missing" ] || exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null && { [ "${CI:-}" = true ] || [ -f /.dockerenv ] || [ -f /run/.containerenv ]; }; then
    apt-get update -qq
    # shellcheck disable=SC2086
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing
else
    echo "Not installed, so their tests are skipped:$missing"
fi
