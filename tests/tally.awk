# SPDX-License-Identifier: Apache-2.0
# tests/tally.awk -v rc=STATUS -v name=TEST - reads what a test printed; says "passed failed skipped", then one line per
# skipped case with its reason.  Knows a last line "N passed, N failed", cmocka, python's unittest, TAP; for the rest
# the exit status is one case (77 = skipped, its reason on a line "SKIP: reason").
function number(text, key) {
	return match(text, key "=[0-9]+") ? substr(text, RSTART + length(key) + 1, RLENGTH - length(key) - 1) + 0 : 0
}
/^[0-9]+ passed, [0-9]+ failed/ { own = 1; own_passed = $1; own_failed = $3 }
/^\[  PASSED  \] [0-9]+ test/ { cmocka = 1; c_passed += $4 }
/^\[  FAILED  \] [0-9]+ test/ { cmocka = 1; c_failed += $4 }
/^\[  SKIPPED \] [0-9]+ test/ { cmocka = 1; next }
/^\[  SKIPPED \] / { reasons[n++] = $4 }
/^Ran [0-9]+ tests? in / { unit = 1; u_ran += $2 }
/^FAILED \(/ { u_failed += number($0, "failures") + number($0, "errors") + number($0, "unexpected successes"); u_skipped += number($0, "skipped") }
/^OK \(skipped=/ { u_skipped += number($0, "skipped") }
/ \.\.\. skipped / { text = $0; sub(/ \.\.\. skipped /, ": ", text); reasons[n++] = text }
/^(not )?ok [0-9]+/ {
	tap = 1
	if (toupper($0) ~ /# SKIP/) { text = $0; sub(/^ok [0-9]+ (- )?/, "", text); sub(/ *# *[Ss][Kk][Ii][Pp] */, ": ", text); reasons[n++] = text }
	else if ($1 == "ok") t_passed++
	else t_failed++
}
/^# SKIP: / { reasons[n++] = substr($0, 9) } # a part of a case
/^(SKIP|[Ss]kipped): / { why = substr($0, index($0, ": ") + 2) }
END {
	if (rc == 77) {
		print 0, 0, 1
		print (why ? why : "no reason given")
		exit
	}
	if (own) { passed = own_passed; failed = own_failed }
	else if (cmocka) { passed = c_passed; failed = c_failed }
	else if (unit) { passed = u_ran - u_failed - u_skipped; failed = u_failed }
	else if (tap) { passed = t_passed; failed = t_failed }
	else { passed = rc == 0; failed = rc != 0 }
	# a test that died said nothing of it; one that counts a failure and exits with 0 lies
	if (rc != 0 && failed == 0) failed = 1
	print passed + 0, failed + 0, n + 0
	for (i = 0; i < n; i++) print reasons[i]
}
