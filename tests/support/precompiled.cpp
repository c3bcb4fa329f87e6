// SPDX-License-Identifier: GPL-3.0-or-later
// A program that does nothing: its precompiled headers serve all GoogleTest programs, for it is
// compiled as they are and has no macro of its own.
int main() {
    return 0;
}
