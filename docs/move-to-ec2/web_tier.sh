#!/usr/bin/env bash
# The web tier of web_tier.py with the aws command.
#
#     web_tier.sh build shop 'debian-12-*'
#     web_tier.sh tear-down shop
#
# AWS_ENDPOINT_URL_EC2 says where: a private cloud, or nothing for Amazon. Nothing in here knows which.
set -euo pipefail
export AWS_PAGER=

action=${1:?build or tear-down} tier=${2:?a name for the tier} image_name=${3:-debian-12-*} instance_type=${4:-m1.small}

ec2() { aws ec2 "$@" --output text; }

build() {
    local image group front back allocation address
    image=$(ec2 describe-images --query 'sort_by(Images, &CreationDate)[-1].ImageId' --filters \
        "Name=name,Values=$image_name" Name=image-type,Values=machine Name=state,Values=available)
    [ "$image" != None ] || { echo "there is no image named $image_name" >&2; exit 1; }

    (umask 077 && ec2 create-key-pair --key-name "$tier" --query KeyMaterial > "$tier.pem")
    group=$(ec2 create-security-group --group-name "$tier" --description "web tier $tier" --query GroupId)
    ec2 authorize-security-group-ingress --group-id "$group" --protocol tcp --port 22 --cidr 198.51.100.0/24 > /dev/null
    ec2 authorize-security-group-ingress --group-id "$group" --protocol tcp --port 80 --cidr 0.0.0.0/0 > /dev/null
    ec2 authorize-security-group-ingress --group-id "$group" --protocol tcp --port 8080 --source-group "$group" > /dev/null

    front=$(start front 1 80)
    read -ra back <<< "$(start back 2 8080)"
    ec2 wait instance-running --instance-ids "$front" "${back[@]}"

    read -r allocation address <<< "$(ec2 allocate-address --domain vpc --query '[AllocationId,PublicIp]')"
    ec2 create-tags --resources "$allocation" --tags "Key=tier,Value=$tier" "Key=Name,Value=$tier-front"
    ec2 associate-address --instance-id "$front" --allocation-id "$allocation" > /dev/null
    echo "$tier is at $address: $front in front of ${back[0]} and ${back[1]}; key in $tier.pem"
}

# Start instances of a role, their web server on a port; print their ids.
start() {
    local role=$1 count=$2 port=$3
    ec2 run-instances --image-id "$image" --instance-type "$instance_type" --count "$count" --key-name "$tier" \
        --security-group-ids "$group" --user-data "#!/bin/sh"$'\n'"exec httpd -f -p $port -h /srv"$'\n' \
        --tag-specifications "ResourceType=instance,Tags=[{Key=tier,Value=$tier},{Key=Name,Value=$tier-$role}]" \
        --query 'Instances[].InstanceId'
}

tear_down() {
    local ours="Name=tag:tier,Values=$tier" allocation association ids
    while read -r allocation association; do
        [ -n "$allocation" ] || continue
        [ "$association" = None ] || ec2 disassociate-address --association-id "$association" > /dev/null
        ec2 release-address --allocation-id "$allocation" > /dev/null
    done <<< "$(ec2 describe-addresses --filters "$ours" --query 'Addresses[].[AllocationId,AssociationId]')"

    read -ra ids <<< "$(ec2 describe-instances --filters "$ours" --query 'Reservations[].Instances[].InstanceId')"
    if [ "${#ids[@]}" -gt 0 ]; then
        ec2 terminate-instances --instance-ids "${ids[@]}" > /dev/null
        ec2 wait instance-terminated --instance-ids "${ids[@]}"
    fi
    ec2 delete-security-group --group-name "$tier" > /dev/null
    ec2 delete-key-pair --key-name "$tier" > /dev/null
    rm -f "$tier.pem"
    echo "$tier is gone"
}

case $action in
    build) build ;;
    tear-down) tear_down ;;
    *) echo "usage: web_tier.sh build|tear-down TIER [IMAGE [TYPE]]" >&2; exit 2 ;;
esac
