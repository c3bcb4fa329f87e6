// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

// Samba's headers are C without guards for C++, and forward-declare two enumerations, which C++
// does not have: so the values that we need are given first (they are the same in both; see
// libcli/smb/smb_constants.h of 4.17 and 4.22).
// NOLINTBEGIN(modernize-deprecated-headers): C code.
extern "C" {
#include <stdbool.h>
#include <stdint.h>
#include <time.h>

enum smb_signing_setting { SMB_SIGNING_REQUIRED = 3 };

enum smb_encryption_setting { SMB_ENCRYPTION_DESIRED = 2, SMB_ENCRYPTION_REQUIRED = 3 };

#include <core/ntstatus.h>
#include <credentials.h>
#include <dcerpc.h>
#include <param.h>
#include <talloc.h>
#include <tevent.h>
}
// NOLINTEND(modernize-deprecated-headers)
