# SPDX-License-Identifier: GPL-3.0-or-later
"""The accepting side of NTLMv2 (MS-NLMP) on impacket's functions, for the SMB session and RPC."""

import hmac
import os
import struct

from Cryptodome.Cipher import ARC4
from impacket import ntlm

NAME = "LESSER".encode("utf-16-le")

# What this server has; a client gets of it what it asked for.
CAPABILITIES = (ntlm.NTLMSSP_NEGOTIATE_UNICODE | ntlm.NTLMSSP_NEGOTIATE_SIGN
                | ntlm.NTLMSSP_NEGOTIATE_SEAL | ntlm.NTLMSSP_NEGOTIATE_NTLM
                | ntlm.NTLMSSP_NEGOTIATE_ALWAYS_SIGN | ntlm.NTLMSSP_NEGOTIATE_KEY_EXCH
                | ntlm.NTLMSSP_NEGOTIATE_EXTENDED_SESSIONSECURITY | ntlm.NTLMSSP_NEGOTIATE_128
                | ntlm.NTLMSSP_NEGOTIATE_56 | ntlm.NTLMSSP_REQUEST_TARGET)
NEEDED = (ntlm.NTLMSSP_NEGOTIATE_EXTENDED_SESSIONSECURITY | ntlm.NTLMSSP_NEGOTIATE_KEY_EXCH
          | ntlm.NTLMSSP_NEGOTIATE_128)

FLAGS_OFFSET = 12   # in a NEGOTIATE_MESSAGE
PROOF_SIZE = 16     # of an NTLMv2 response
SHORTEST_BLOB = 28  # after it, before what it tells of the server; an NTLMv1 response has 8 there


class NtlmError(Exception):
    pass


class Direction:
    """Signs and encrypts what one of the two sides sends."""

    def __init__(self, flags, key, mode):
        self.flags = flags
        self.signing_key = ntlm.SIGNKEY(flags, key, mode)
        self.crypt = ARC4.new(ntlm.SEALKEY(flags, key, mode)).encrypt
        self.sequence = 0

    def sign(self, message):
        signature = ntlm.SIGN(self.flags, self.signing_key, message, self.sequence, self.crypt)
        self.sequence += 1
        return signature.getData()

    def verifies(self, message, signature):
        return hmac.compare_digest(self.sign(message), signature)


class Context:
    """What both sides have when authentication is done."""

    def __init__(self, flags, key):
        self.key = key
        self.incoming = Direction(flags, key, "Client")
        self.outgoing = Direction(flags, key, "Server")


class Acceptor:
    """One authentication: NEGOTIATE to CHALLENGE, then AUTHENTICATE to a Context."""

    def __init__(self, user, password, withheld=0):
        """withheld: capabilities that this server says it does not have."""
        self.user = user
        self.password = password
        self.withheld = withheld
        self.nonce = os.urandom(8)

    def challenge(self, negotiate):
        offered, = struct.unpack_from("<L", negotiate, FLAGS_OFFSET)
        pairs = ntlm.AV_PAIRS()
        for name in (ntlm.NTLMSSP_AV_HOSTNAME, ntlm.NTLMSSP_AV_DNS_HOSTNAME,
                     ntlm.NTLMSSP_AV_DOMAINNAME, ntlm.NTLMSSP_AV_DNS_DOMAINNAME):
            pairs[name] = NAME
        message = ntlm.NTLMAuthChallenge()
        message["flags"] = (offered & CAPABILITIES & ~self.withheld
                            | ntlm.NTLMSSP_NEGOTIATE_TARGET_INFO
                            | ntlm.NTLMSSP_TARGET_TYPE_SERVER | ntlm.NTLMSSP_NEGOTIATE_VERSION)
        message["challenge"] = self.nonce
        message["Version"] = b"\x0a\x00\x00\x00\x00\x00\x00\x0f"
        message["domain_name"] = NAME
        message["domain_offset"] = 56
        message["TargetInfoFields"] = pairs.getData()
        message["TargetInfoFields_offset"] = 56 + len(NAME)
        return message.getData()

    def accept(self, token):
        """The context. Raises NtlmError for a wrong user or password, and for weak cryptography."""
        message = ntlm.NTLMAuthChallengeResponse()
        message.fromString(token)
        needed = NEEDED & ~self.withheld
        if message["flags"] & needed != needed:
            raise NtlmError(f"weak flags {message['flags']:#x}")
        user = message["user_name"].decode("utf-16-le")
        domain = message["domain_name"].decode("utf-16-le")
        proof, blob = message["ntlm"][:PROOF_SIZE], message["ntlm"][PROOF_SIZE:]
        if user.lower() != self.user.lower() or len(blob) < SHORTEST_BLOB:
            raise NtlmError("unknown user, or no NTLMv2")
        key = ntlm.NTOWFv2(user, self.password, domain)
        if not hmac.compare_digest(ntlm.hmac_md5(key, self.nonce + blob), proof):
            raise NtlmError("wrong password")
        exported = ntlm.hmac_md5(key, proof)
        if message["flags"] & ntlm.NTLMSSP_NEGOTIATE_KEY_EXCH:
            exported = ARC4.new(exported).decrypt(message["session_key"])
        return Context(message["flags"], exported)
