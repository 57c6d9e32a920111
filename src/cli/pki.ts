// `weft pki`: keys and certificates for those who have no CA of their own.
import { homedir } from "node:os";
import { basename, join } from "node:path";
import type { Command } from "commander";
import { path } from "./values.ts";

interface PkiFlags {
  readonly directory: string;
}

function defaultDirectory(): string {
  if (process.getuid?.() === 0) return "/etc/weft/pki";
  return join(process.env.XDG_CONFIG_HOME || join(homedir(), ".config"), "weft/pki");
}

const DIRECTORY = ["--directory <directory>", "where the CA is (default: /etc/weft/pki for root)", path] as const;

export function addPkiCommand(program: Command): void {
  const pki = program
    .command("pki")
    .description("make keys and certificates for TLS, where there is no CA yet")
    .addHelpText(
      "after",
      `
Open vSwitch's ovs-pki does as well, and so does any CA: a host's certificate must have its system-id as its name.

Examples:
  weft pki init
  weft pki host 9a7d3c1e-52f0-4c55-8d5b-0f3a2b1c4d5e`,
    );
  pki
    .command("init")
    .description("make a CA, and the controller's key and certificate; nothing that exists is overwritten")
    .option(...DIRECTORY)
    .addHelpText("after", "\nExamples:\n  weft pki init\n  weft pki init --directory /srv/weft/pki")
    .action(async ({ directory = defaultDirectory() }: Partial<PkiFlags>) => {
      const { initPki } = await import("../pki/index.ts");
      const files = initPki(directory);
      // To be copied into a shell as it stands.
      const where =
        directory === defaultDirectory() ? "" : ` --directory '${files.directory.replaceAll("'", "'\\''")}'`;
      process.stdout.write(`${files.directory} holds a CA; its key, cakey.pem, signs for every host: keep it safe.

For weft.yaml:

listen:
  ovsdb: ["pssl:6640"]
  openflow: ["pssl:6653"]
tls:
  privateKey: ${JSON.stringify(files.controller.privateKey)}
  certificate: ${JSON.stringify(files.controller.certificate)}
  caCertificate: ${JSON.stringify(files.caCertificate)}
  crl: ${JSON.stringify(files.crl)}

Then for each host:

  weft pki host SYSTEM-ID${where}     ovs-vsctl get open_vswitch . external_ids:system-id tells it, on the host
`);
    });
  pki
    .command("host")
    .description("make a host's key and certificate, and say what to do with them")
    .argument("<name>", "the host's system-id")
    .option(...DIRECTORY)
    .addHelpText("after", "\nExamples:\n  weft pki host 9a7d3c1e-52f0-4c55-8d5b-0f3a2b1c4d5e")
    .action(async (name: string, { directory = defaultDirectory() }: Partial<PkiFlags>) => {
      const { makeHostCertificate, pkiFiles } = await import("../pki/index.ts");
      const { privateKey, certificate } = makeHostCertificate(directory, name);
      const { caCertificate } = pkiFiles(directory);
      const there = (path: string): string => `/etc/openvswitch/${basename(path)}`;
      process.stdout.write(`Bring these three to the host, into /etc/openvswitch, and keep the first one to root:

  ${privateKey}
  ${certificate}
  ${caCertificate}

Then, on the host:

  ovs-vsctl set open_vswitch . external_ids:system-id=${name}
  ovs-vsctl set-ssl ${there(privateKey)} ${there(certificate)} ${there(caCertificate)}
  ovs-vsctl set-manager ssl:CONTROLLER:6640
`);
    });
  pki
    .command("revoke")
    .description("revoke a host's certificate: write it to the list that tls.crl names")
    .argument("<name>", "the host's system-id")
    .option(...DIRECTORY)
    .addHelpText("after", "\nExamples:\n  weft pki revoke 9a7d3c1e-52f0-4c55-8d5b-0f3a2b1c4d5e")
    .action(async (name: string, { directory = defaultDirectory() }: Partial<PkiFlags>) => {
      const { revokeHostCertificate } = await import("../pki/index.ts");
      const { crl } = revokeHostCertificate(directory, name);
      process.stdout.write(`${crl} names the certificate of ${name} now. A controller on this machine that has it as tls.crl reads it
within seconds, and lets every host show again who it is; weft tls reload makes it do so at once.
`);
    });
}
