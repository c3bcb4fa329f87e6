# SPDX-License-Identifier: GPL-3.0-or-later
"""A throw-away MIT KDC on loopback, below one directory, for a lab's Samba server.

The server is NAME there. No DNS knows that name, so who speaks Kerberos to it runs in a mount
namespace of its own, where `hosts` lies over /etc/hosts; and with KRB5_CONFIG set to `krb5.conf`.
"""

import os
import secrets
import socket

from lab_host import Namespace, command, wait_for

REALM = "LAB.TEST"
NAME = "fs1.lab.test"
# The host of `client.keytab`. The server takes it for root, as a domain's server would have it
# among its Backup Operators.
MACHINE = "labclient$"

KRB5_CONF = """\
[libdefaults]
    default_realm = {realm}
    dns_lookup_kdc = false
    dns_lookup_realm = false
    dns_canonicalize_hostname = false
    rdns = false
[realms]
    {realm} = {{
        kdc = 127.0.0.1:{port}
    }}
[domain_realm]
    .lab.test = {realm}
"""

# A PAC without a domain behind it is of no use to Samba, which then refuses the ticket.
KDC_CONF = """\
[kdcdefaults]
    kdc_listen = 127.0.0.1:{port}
    kdc_tcp_listen = 127.0.0.1:{port}
[realms]
    {realm} = {{
        database_name = {dir}/principal
        key_stash_file = {dir}/stash
        disable_pac = true
    }}
[logging]
    kdc = FILE:{dir}/kdc.log
"""


class Kdc:
    def __init__(self, directory, port):
        self.dir = directory
        self.port = port
        self.passwords = {user: secrets.token_hex(16) for user in ("root", "nobody")}
        self.process = None

    def start(self):
        self.dir.mkdir(mode=0o700)
        self.write("krb5.conf", KRB5_CONF)
        self.write("kdc.conf", KDC_CONF)
        (self.dir / "hosts").write_text(f"127.0.0.1 localhost\n127.0.0.1 {NAME}\n")
        # Samba puts its workgroup where the realm was.
        (self.dir / "usermap").write_text(f"!root = LAB\\{MACHINE}\n")
        # All that the lab starts is of this realm, smbd too.
        os.environ["KRB5_CONFIG"] = str(self.dir / "krb5.conf")
        os.environ["KRB5_KDC_PROFILE"] = str(self.dir / "kdc.conf")
        command("kdb5_util", "create", "-s", "-r", REALM, "-P", secrets.token_hex(16))
        self.add_principals()
        self.process = Namespace(["krb5kdc", "-n", "-r", REALM], self.dir / "krb5kdc.out")
        wait_for(self.answers, 10, "the KDC to listen")

    def write(self, name, text):
        (self.dir / name).write_text(text.format(realm=REALM, port=self.port, dir=self.dir))

    def add_principals(self):
        # Samba's client puts the host into upper case, which is the same name in a domain only.
        services = [f"cifs/{NAME}", f"cifs/{NAME.upper()}"]
        lines = [f"addprinc -randkey {name}" for name in services + [MACHINE]]
        lines += [f"addprinc -pw {password} +requires_preauth {user}"
                  for user, password in self.passwords.items()]
        lines += [f"ktadd -k {self.dir}/smbd.keytab {' '.join(services)}",
                  f"ktadd -k {self.dir}/client.keytab {MACHINE}"]
        # -norandkey: the password stays good beside the keytab.
        lines += [f"ktadd -k {self.dir}/{user}.keytab -norandkey {user}"
                  for user in self.passwords]
        # It says nothing of a failure but to stderr, and ends with 0.
        for line in lines:
            command("kadmin.local", "-r", REALM, "-q", line)

    def answers(self):
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def smbd_settings(self):
        return [f"realm = {REALM}", "kerberos method = dedicated keytab",
                f"dedicated keytab file = FILE:{self.dir}/smbd.keytab",
                f"username map = {self.dir}/usermap"]

    def description(self):
        return {"realm": REALM, "name": NAME, "machine": MACHINE, "port": self.port,
                "dir": str(self.dir), "passwords": self.passwords}

    def end(self):
        if self.process:
            self.process.end()
