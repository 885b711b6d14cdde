/* SPDX-License-Identifier: Apache-2.0 */
/* fabrics/auth/dh.h - Diffie-Hellman in the groups of RFC 7919.
 * Owns: nothing.  Thread: any.  May block: for the processor's time: ffdhe2048 0.4 ms, ffdhe8192 8 ms.
 * Spec: NVM Express Base 2.1, 8.3.4.5.2 (Figure 741), 8.3.4.5.7. */
#ifndef FABRICS_AUTH_DH_H
#define FABRICS_AUTH_DH_H

#include <stddef.h>
#include <stdint.h>

#define FAB_DH_MAX 1024 /* bytes of the largest group's prime */
#define FAB_DH_EXPONENT_MAX 52

size_t fab_dh_len(uint8_t group); /* of a value; 0: the null group, or none */
size_t fab_dh_exponent_len(uint8_t group);
/* base ^ exponent mod p, all big-endian and padded: base and ret fab_dh_len(), exponent fab_dh_exponent_len() bytes.  base NULL: the
 * generator.  The exponent's top bit is taken as set.  Takes as long whatever the exponent.
 * -EINVAL: base is 0, 1, p - 1 or past it; -EIO: the library fails. */
int fab_dh_power(uint8_t group, const uint8_t *base, const uint8_t *exponent, uint8_t *ret);

#endif
