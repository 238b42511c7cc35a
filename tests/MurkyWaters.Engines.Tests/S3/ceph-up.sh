#!/bin/bash
# ceph-up.sh FOLDER RGW_PORT MON_PORT MON_PORT: a one-node Ceph with its S3 server on loopback, in memory; all of it in FOLDER. The user
# is AKIATEST with the secret secretsecret. As root; without cephx, since nobody else is on loopback.
set -e
folder=$1 rgw=$2 mon2=$3 mon1=$4
mkdir -p "$folder"/{mon,osd,log,rgw}
cd "$folder"
fsid=$(uuidgen)
cat > ceph.conf <<C
[global]
fsid = $fsid
mon host = [v2:127.0.0.1:$mon2/0,v1:127.0.0.1:$mon1/0]
public network = 127.0.0.0/8
cluster network = 127.0.0.0/8
public addr = 127.0.0.1
cluster addr = 127.0.0.1
ms bind ipv4 = true
ms bind ipv6 = false
auth cluster required = none
auth service required = none
auth client required = none
auth supported = none
cephx require signatures = false
run dir = $folder
admin socket = $folder/\$cluster-\$name.asok
pid file = $folder/\$name.pid
log file = $folder/log/\$name.log
crash dir = $folder
setuser match path =
osd pool default size = 1
osd pool default min size = 1
osd pool default pg num = 8
osd pool default pgp num = 8
osd pool default pg autoscale mode = off
osd crush chooseleaf type = 0
mon allow pool size one = true
mon max pg per osd = 1000
mon warn on pool no redundancy = false
mon data avail crit = 1
mon data avail warn = 2
auth allow insecure global id reclaim = true
ms mon client mode = crc
ms mon service mode = crc
ms mon cluster mode = crc
[mon]
paxos propose interval = 0.05
paxos min wait = 0.01
mon data = $folder/mon
[osd]
osd data = $folder/osd
osd objectstore = memstore
memstore device bytes = 2147483648
osd max object name len = 1024
osd client watch timeout = 3
[client.rgw]
rgw cache enabled = false
rgw frontends = beast endpoint=127.0.0.1:$rgw
rgw data = $folder/rgw
rgw enable usage log = false
rgw enable ops log = false
rgw dns name = localhost
C
c="-c $folder/ceph.conf"
monmaptool --create --fsid "$fsid" --addv a "[v2:127.0.0.1:$mon2,v1:127.0.0.1:$mon1]" monmap
ceph-mon $c --mkfs -i a --monmap monmap
ceph-mon $c -i a
timeout 60 ceph $c osd new "$(uuidgen | tee osd/uuid)" 0
ceph-osd $c -i 0 --mkfs --osd-uuid "$(cat osd/uuid)"
ceph-osd $c -i 0
timeout 60 ceph $c osd crush add osd.0 1.0 root=default host=h
until timeout 60 ceph $c osd stat | grep -q '1 up'; do sleep 0.2; done
radosgw $c -n client.rgw
until curl -s -o /dev/null -m 2 "http://127.0.0.1:$rgw/"; do sleep 0.2; done
radosgw-admin $c -n client.rgw user create --uid=test --display-name=test --access-key=AKIATEST --secret-key=secretsecret
