#!/usr/bin/env python3
"""Makes a Samba AD domain for the tests. Nothing is started.

    domain.py template TEMPLATE PASSWORD   provisions a domain below TEMPLATE, which takes seconds of computing
    domain.py copy TEMPLATE DIR IP         copies it below DIR for a domain controller at this address, and prints one
                                           line of JSON with what a client needs

People have the password of the demo's seed; the domain asks for 16 characters, which the portal does not.
For the directory probe there is one person for each thing it can find, and the account that it binds as.
"""

import json
import os
import secrets
import shutil
import subprocess
import sys
import time

REALM, DOMAIN, BASE = "CORP.EXAMPLE", "CORP", "DC=corp,DC=example"
PEOPLE = f"OU=People,{BASE}"
CLASS_USER = "bf967aba-0de6-11d0-a285-00aa003049e2"
RESET_PASSWORD = "00299570-246d-11d0-a768-00aa006e0529"
LOCKOUT_TIME = "28630ebf-41d5-11d1-a9c1-0000f80367c1"
PWD_LAST_SET = "bf967a0a-0de6-11d0-a285-00aa003049e2"
CHANGE_PASSWORD = "ab721a53-1e2f-11d0-9819-00aa0040529b"
RULES = f"CN=Password Settings Container,CN=System,{BASE}"
DAY = 864_000_000_000  # in units of 100 ns, as AD counts


def run(*command, **more):
    done = subprocess.run(command, capture_output=True, text=True, **more)
    if done.returncode != 0:
        sys.exit(f"{' '.join(command[:3])}: {done.stdout}{done.stderr}")
    return done.stdout


def certificate(folder):
    """One for every copy: it names all addresses of this machine that a test may use."""
    key, crt = f"{folder}/tls/key.pem", f"{folder}/tls/cert.pem"
    addresses = ",".join(f"IP:127.0.0.{n}" for n in range(1, 255))
    ca_key, ca = f"{folder}/tls/ca-key.pem", f"{folder}/tls/ca.pem"
    os.makedirs(f"{folder}/tls", exist_ok=True)
    run("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=Passback test CA",
        "-keyout", ca_key, "-out", ca, "-addext", "basicConstraints=critical,CA:TRUE")
    run("openssl", "req", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=dc1.corp.example", "-keyout", key, "-out", f"{folder}/tls/req.pem")
    with open(f"{folder}/tls/ext", "w") as ext:
        ext.write(f"subjectAltName=DNS:dc1.corp.example,{addresses}\nbasicConstraints=CA:FALSE\n")
    run("openssl", "x509", "-req", "-in", f"{folder}/tls/req.pem", "-CA", ca, "-CAkey", ca_key, "-CAcreateserial", "-days", "2",
        "-extfile", f"{folder}/tls/ext", "-out", crt)
    os.chmod(key, 0o600)


def provision(folder):
    ip = "127.0.0.1"
    run("samba-tool", "domain", "provision", f"--realm={REALM}", f"--domain={DOMAIN}", "--server-role=dc", "--dns-backend=NONE",
        f"--adminpass=Aa1-{secrets.token_urlsafe(18)}", "--host-name=dc1", f"--host-ip={ip}", f"--targetdir={folder}",
        f"--option=interfaces={ip}/8", "--option=bind interfaces only=yes")
    certificate(folder)
    return configure(folder, ip)


def configure(folder, ip):
    conf = f"{folder}/smb.conf"
    with open(conf, "w") as out:
        out.write(f"""[global]
    netbios name = DC1
    realm = {REALM}
    workgroup = {DOMAIN}
    server role = active directory domain controller
    server services = ldap, cldap, kdc
    interfaces = {ip}/8
    bind interfaces only = yes
    private dir = {folder}/private
    state directory = {folder}/state
    cache directory = {folder}/cache
    lock directory = {folder}/lock
    pid directory = {folder}/run
    ncalrpc dir = {folder}/ncalrpc
    log file = {folder}/samba.log
    tls enabled = yes
    tls keyfile = {folder}/tls/key.pem
    tls certfile = {folder}/tls/cert.pem
    tls cafile = {folder}/tls/ca.pem
""")
    for name in ("state", "cache", "lock", "run", "ncalrpc"):
        os.makedirs(f"{folder}/{name}", exist_ok=True)
    return conf


def open_database(folder, conf):
    sys.path.insert(0, "/usr/lib/python3/dist-packages")
    from samba.auth import system_session
    from samba.param import LoadParm
    from samba.samdb import SamDB

    lp = LoadParm()
    lp.load(conf)
    return SamDB(url=f"{folder}/private/sam.ldb", session_info=system_session(), lp=lp)


def change(db, sam, **attributes):
    lines = "".join(f"replace: {name}\n{name}: {value}\n-\n" for name, value in attributes.items())
    db.modify_ldif(f"dn: CN={sam},{PEOPLE}\nchangetype: modify\n{lines}")


def seed(folder, conf, password):
    """Offline, in one transaction, through Samba's own database."""
    db = open_database(folder, conf)
    db.transaction_start()
    db.set_minPwdAge(0)
    db.set_minPwdLength(12)
    db.add({"dn": PEOPLE, "objectClass": "organizationalUnit"})
    db.newuser("svc-writeback", password["service"], userou=None)
    for sam, given, surname in (("wanda", "Wanda", "Writeback"), ("rita", "Rita", "Refused"), ("omar", "Omar", "Slow")):
        db.newuser(sam, password["people"], userou="OU=People", givenname=given, surname=surname)
    cases(db, password)
    # People chose their passwords under an older, laxer rule.
    db.set_minPwdLength(16)
    db.transaction_commit()


def cases(db, password):
    """The probe's account, and one person for each thing that it can find."""
    from samba.sd_utils import SDUtils

    descriptors = SDUtils(db)
    db.newuser("svc-probe", password["probe"], userou=None)
    db.newuser("svc-unlock", password["unlock"], userou=None)
    for sam, given in (("fina", "Fina"), ("lena", "Lena"), ("dora", "Dora"), ("carla", "Carla"), ("paula", "Paula")):
        db.newuser(sam, password["people"], userou="OU=People", givenname=given, surname="Case")

    # Intervals are negative. Whoever it applies to is named in the policy, never in the person.
    db.add({"dn": f"CN=Long and slow,{RULES}", "objectClass": "msDS-PasswordSettings",
            "msDS-PasswordSettingsPrecedence": "10", "msDS-PasswordReversibleEncryptionEnabled": "FALSE",
            "msDS-PasswordComplexityEnabled": "FALSE", "msDS-PasswordHistoryLength": "5", "msDS-MinimumPasswordLength": "20",
            "msDS-MinimumPasswordAge": str(-DAY), "msDS-MaximumPasswordAge": str(-90 * DAY), "msDS-LockoutThreshold": "7",
            "msDS-LockoutObservationWindow": str(-DAY // 48), "msDS-LockoutDuration": str(-DAY // 24),
            "msDS-PSOAppliesTo": f"CN=fina,{PEOPLE}"})
    change(db, "dora", userAccountControl=514)
    change(db, "paula", adminCount=1)
    # What "User cannot change password" ticks in the console: a denial for herself and for everyone.
    descriptors.dacl_prepend_aces(f"CN=carla,{PEOPLE}", f"(OD;;CR;{CHANGE_PASSWORD};;WD)(OD;;CR;{CHANGE_PASSWORD};;PS)")
    # Any account sees which policy applies to a person; what it asks for has to be delegated.
    sid = descriptors.get_object_sid(f"CN=svc-probe,CN=Users,{BASE}")
    descriptors.dacl_append_aces(RULES, f"(A;CI;LCRPRC;;;{sid})")
    descriptors.dacl_append_aces(f"CN=Long and slow,{RULES}", f"(A;;LCRPRC;;;{sid})")


def delegate(conf, folder):
    """What Entra Connect's account has: Reset Password, and reading and writing lockoutTime and pwdLastSet. And what the
    account that unlocks has: lockoutTime."""
    def sid_of(name):
        shown = run("samba-tool", "user", "show", name, "-s", conf, "-H", f"{folder}/private/sam.ldb")
        return next(line.split(": ", 1)[1] for line in shown.splitlines() if line.startswith("objectSid: "))

    sid, unlocker = sid_of("svc-writeback"), sid_of("svc-unlock")
    for sddl in (f"(OA;CIIO;CR;{RESET_PASSWORD};{CLASS_USER};{sid})", f"(OA;CIIO;RPWP;{LOCKOUT_TIME};{CLASS_USER};{sid})",
                 f"(OA;CIIO;RPWP;{PWD_LAST_SET};{CLASS_USER};{sid})", f"(OA;CIIO;RPWP;{LOCKOUT_TIME};{CLASS_USER};{unlocker})"):
        run("samba-tool", "dsacl", "set", f"--objectdn={PEOPLE}", "--action=allow", f"--sddl={sddl}", "-s", conf,
            "-H", f"{folder}/private/sam.ldb")


def lock_account(folder, conf):
    """As the tenth wrong password leaves her; the domain's own threshold stays off, or the other tests would meet it."""
    change(open_database(folder, conf), "lena", lockoutTime=int((time.time() + 11_644_473_600) * 10_000_000))


def make_template(folder, people):
    password = {"service": f"Aa1-{secrets.token_urlsafe(24)}", "probe": f"Aa1-{secrets.token_urlsafe(24)}",
                "unlock": f"Aa1-{secrets.token_urlsafe(24)}", "people": people}
    conf = provision(folder)
    seed(folder, conf, password)
    delegate(conf, folder)
    for name in ("service", "probe", "unlock"):
        with open(f"{folder}/{name}-password", "w") as out:
            os.chmod(out.name, 0o600)
            out.write(password[name])


def make_copy(template, folder, ip):
    shutil.copytree(template, folder, dirs_exist_ok=True)
    conf = configure(folder, ip)
    lock_account(folder, conf)
    with open(f"{folder}/krb5.conf", "w") as out:
        out.write(f"[libdefaults]\n default_realm = {REALM}\n dns_lookup_kdc = false\n dns_lookup_realm = false\n rdns = false\n"
                  f"[realms]\n {REALM} = {{\n  kdc = {ip}:88\n }}\n")
    print(json.dumps({"conf": conf, "ca": f"{folder}/tls/ca.pem", "base": BASE, "bind": f"CN=svc-writeback,CN=Users,{BASE}",
                      "password_file": f"{folder}/service-password", "krb5": f"{folder}/krb5.conf",
                      "probe": f"CN=svc-probe,CN=Users,{BASE}", "probe_password_file": f"{folder}/probe-password",
                      "unlock": f"CN=svc-unlock,CN=Users,{BASE}", "unlock_password_file": f"{folder}/unlock-password"}))


{"template": make_template, "copy": make_copy}[sys.argv[1]](*sys.argv[2:])
