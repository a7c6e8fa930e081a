// The life cycle of life.py and today.py for AWS SDK for JavaScript: `node life.mjs 2` or `node life.mjs 3`.
// The steps and what each needs come from life.py, as JSON in the environment.
import assert from "node:assert/strict";
import { createRequire } from "node:module";

// Where the packages were installed is told, not searched for.
const require = createRequire(`${process.env.NODE_PACKAGES}/`);
const STEPS = JSON.parse(process.env.STEPS);
const [userData, nobodys] = [Buffer.from("#!/bin/sh\necho hello\n").toString("base64"), "i-0123456789abcdef0"];
const settings = {
  endpoint: process.env.AWS_ENDPOINT_URL_EC2,
  region: process.env.AWS_DEFAULT_REGION,
  credentials: {
    accessKeyId: process.env.AWS_ACCESS_KEY_ID,
    secretAccessKey: process.env.AWS_SECRET_ACCESS_KEY,
  },
};

function second() {
  const sdk = require("aws-sdk");
  const ec2 = new sdk.EC2({ ...settings, maxRetries: 0 });
  return (action, parameters) => ec2[action[0].toLowerCase() + action.slice(1)](parameters).promise();
}

function third() {
  const sdk = require("@aws-sdk/client-ec2");
  const ec2 = new sdk.EC2Client({ ...settings, maxAttempts: 1 });
  return (action, parameters) => ec2.send(new sdk[`${action}Command`](parameters));
}

const call = process.argv[2] === "2" ? second() : third();
const ask = (action, parameters = {}) => call(action, parameters);
const name = (word) => `${process.env.CLIENT}-${word}-${process.pid}`;
const self = {};

async function becomes(probe, expected) {
  const until = Date.now() + 60000;
  for (;;) {
    const found = await probe();
    if (JSON.stringify(found) === JSON.stringify(expected) || Date.now() > until) {
      return assert.deepEqual(found, expected);
    }
    await new Promise((done) => setTimeout(done, 250));
  }
}

async function instances(chosen = { InstanceIds: self.ids }) {
  return (await ask("DescribeInstances", chosen)).Reservations.flatMap((reservation) => reservation.Instances);
}

const states = async () => (await instances()).map((instance) => instance.State.Name);
const volume = async () => (await ask("DescribeVolumes", { VolumeIds: [self.volume] })).Volumes[0];
const fromAddresses = () => ({
  GroupId: self.group,
  IpPermissions: [{ IpProtocol: "tcp", FromPort: 22, ToPort: 22, IpRanges: [{ CidrIp: "192.0.2.0/24" }] }],
});

const client = {
  async regions() {
    assert.ok((await ask("DescribeRegions")).Regions.length);
  },
  async zones() {
    const zones = (await ask("DescribeAvailabilityZones")).AvailabilityZones;
    self.zone = zones[0].ZoneName;
    assert.equal(zones[0].State, "available");
  },
  async images() {
    const chosen = { Filters: [{ Name: "image-type", Values: ["mach*"] }] };
    self.image = (await ask("DescribeImages", chosen)).Images[0].ImageId;
  },
  async "create-key"() {
    self.key = name("key");
    assert.match((await ask("CreateKeyPair", { KeyName: self.key })).KeyMaterial, /PRIVATE KEY/);
  },
  async keys() {
    assert.equal((await ask("DescribeKeyPairs", { KeyNames: [self.key] })).KeyPairs[0].KeyName, self.key);
  },
  async "create-group"() {
    self.group = (await ask("CreateSecurityGroup", { GroupName: name("group"), Description: "of a test" })).GroupId;
  },
  async "allow-addresses"() {
    await ask("AuthorizeSecurityGroupIngress", fromAddresses());
  },
  async "allow-group"() {
    const rule = { IpProtocol: "tcp", FromPort: 80, ToPort: 80, UserIdGroupPairs: [{ GroupId: self.group }] };
    await ask("AuthorizeSecurityGroupIngress", { GroupId: self.group, IpPermissions: [rule] });
  },
  async groups() {
    const [group] = (await ask("DescribeSecurityGroups", { GroupIds: [self.group] })).SecurityGroups;
    const rules = Object.fromEntries(group.IpPermissions.map((rule) => [rule.FromPort, rule]));
    assert.equal(rules[22].IpRanges[0].CidrIp, "192.0.2.0/24");
    assert.equal(rules[80].UserIdGroupPairs[0].GroupId, self.group);
  },
  async run() {
    const made = await ask("RunInstances", {
      ImageId: self.image,
      MinCount: 2,
      MaxCount: 2,
      KeyName: self.key,
      SecurityGroupIds: [self.group],
      UserData: userData,
      InstanceType: "m1.small",
      Placement: { AvailabilityZone: self.zone },
      ClientToken: name("token"),
    });
    self.ids = made.Instances.map((instance) => instance.InstanceId);
    assert.equal(new Set(self.ids).size, 2);
  },
  async running() {
    await becomes(states, ["running", "running"]);
    for (const instance of await instances()) {
      assert.deepEqual([instance.KeyName, instance.Placement.AvailabilityZone], [self.key, self.zone]);
      assert.ok(instance.LaunchTime instanceof Date);
    }
  },
  async tag() {
    await ask("CreateTags", { Resources: self.ids, Tags: [{ Key: "made-by", Value: self.key }] });
  },
  async tagged() {
    const found = await instances({ Filters: [{ Name: "tag:made-by", Values: [self.key] }] });
    assert.deepEqual(found.map((instance) => instance.InstanceId).sort(), [...self.ids].sort());
  },
  async console() {
    assert.ok((await ask("GetConsoleOutput", { InstanceId: self.ids[0] })).Output);
  },
  async attribute() {
    const asked = { InstanceId: self.ids[0], Attribute: "instanceType" };
    assert.equal((await ask("DescribeInstanceAttribute", asked)).InstanceType.Value, "m1.small");
  },
  async "allocate-address"() {
    const made = await ask("AllocateAddress", { Domain: "vpc" });
    [self.address, self.allocation] = [made.PublicIp, made.AllocationId];
    assert.ok(self.address && self.allocation);
  },
  async "associate-address"() {
    const made = await ask("AssociateAddress", { InstanceId: self.ids[0], AllocationId: self.allocation });
    self.association = made.AssociationId;
  },
  async addresses() {
    const [found] = (await ask("DescribeAddresses", { PublicIps: [self.address] })).Addresses;
    assert.equal(found.InstanceId, self.ids[0]);
  },
  async "disassociate-address"() {
    await ask("DisassociateAddress", { AssociationId: self.association });
  },
  async "release-address"() {
    await ask("ReleaseAddress", { AllocationId: self.allocation });
  },
  async "create-volume"() {
    self.volume = (await ask("CreateVolume", { Size: 1, AvailabilityZone: self.zone })).VolumeId;
    await becomes(async () => (await volume()).State, "available");
  },
  async "attach-volume"() {
    await ask("AttachVolume", { VolumeId: self.volume, InstanceId: self.ids[0], Device: "/dev/sdf" });
  },
  async volumes() {
    await becomes(async () => (await volume()).State, "in-use");
    assert.equal((await volume()).Attachments[0].InstanceId, self.ids[0]);
  },
  async "create-snapshot"() {
    self.snapshot = (await ask("CreateSnapshot", { VolumeId: self.volume })).SnapshotId;
  },
  async snapshots() {
    const asked = { SnapshotIds: [self.snapshot] };
    await becomes(async () => (await ask("DescribeSnapshots", asked)).Snapshots[0].State, "completed");
  },
  async "detach-volume"() {
    await ask("DetachVolume", { VolumeId: self.volume });
    await becomes(async () => (await volume()).State, "available");
  },
  async "delete-snapshot"() {
    await ask("DeleteSnapshot", { SnapshotId: self.snapshot });
  },
  async "delete-volume"() {
    await ask("DeleteVolume", { VolumeId: self.volume });
  },
  async "share-image"() {
    await ask("ModifyImageAttribute", { ImageId: self.image, LaunchPermission: { Add: [{ Group: "all" }] } });
  },
  async "image-shares"() {
    const told = await ask("DescribeImageAttribute", { ImageId: self.image, Attribute: "launchPermission" });
    assert.equal(told.LaunchPermissions[0].Group, "all");
  },
  async reboot() {
    await ask("RebootInstances", { InstanceIds: self.ids });
  },
  async stop() {
    await ask("StopInstances", { InstanceIds: self.ids });
    await becomes(states, ["stopped", "stopped"]);
  },
  async start() {
    await ask("StartInstances", { InstanceIds: self.ids });
    await becomes(states, ["running", "running"]);
  },
  async refusal() {
    const refused = await ask("TerminateInstances", { InstanceIds: [nobodys] }).catch((error) => error);
    assert.equal(refused.code ?? refused.name, "InvalidInstanceID.NotFound");
  },
  async terminate() {
    const ended = (await ask("TerminateInstances", { InstanceIds: self.ids })).TerminatingInstances;
    assert.deepEqual(ended.map((one) => one.PreviousState.Name), ["running", "running"]);
    await becomes(states, ["terminated", "terminated"]);
  },
  async "forbid-addresses"() {
    await ask("RevokeSecurityGroupIngress", fromAddresses());
  },
  async "delete-group"() {
    await ask("DeleteSecurityGroup", { GroupId: self.group });
  },
  async "delete-key"() {
    await ask("DeleteKeyPair", { KeyName: self.key });
  },
};

const outcome = {};
for (const [step, needs] of STEPS) {
  const lacking = needs.find((need) => outcome[need] !== "ok");
  let detail = lacking ? `needs ${lacking}` : "";
  outcome[step] = lacking ? "failed" : "ok";
  if (!lacking) {
    try {
      await client[step]();
    } catch (error) {
      outcome[step] = "failed";
      detail = `${error.code ?? error.name}: ${error.message}`;
    }
  }
  console.log([step, outcome[step], detail.split(/\s+/).join(" ").slice(0, 300)].join("\t"));
}
