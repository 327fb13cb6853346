// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package localcloud

import (
	"strings"
	"testing"
)

func TestAdmin(t *testing.T) {
	t.Parallel()
	s := start(t)
	admin := func(method, path, body string, status int, answer string) {
		t.Helper()
		if gotStatus, got := askPath(t, s, method, "/localcloud/"+path, body); gotStatus != status || got != answer {
			t.Errorf("%s %s %s is answered\n%d %s\nwant\n%d %s", method, path, body, gotStatus, got, status, answer)
		}
	}
	admin("GET", "faults", "", 200, `[]`)
	admin("POST", "faults", `{"method":"GET","path":"databases","times":1,"status":503,"header":{"X-A":"1"},"retry_after":"2s","body":"no"}`, 200,
		`{"id":1,"hits":0,"fault":{"method":"GET","path":"databases","times":1,"status":503,"header":{"X-A":"1"},"body":"no","retry_after":"2s"}}`)
	admin("POST", "faults", `{"latency":"1ms","lose":true,"skip":1000}`, 200, `{"id":2,"hits":0,"fault":{"skip":1000,"lose":true,"latency":"1ms"}}`)
	want(t, s, "GET", "databases", "", 503, "no")
	admin("GET", "faults", "", 200,
		`[{"id":1,"hits":1,"fault":{"method":"GET","path":"databases","times":1,"status":503,"header":{"X-A":"1"},"body":"no","retry_after":"2s"}},{"id":2,"hits":0,"fault":{"skip":1000,"lose":true,"latency":"1ms"}}]`)
	admin("DELETE", "faults/1", "", 204, "")
	admin("DELETE", "faults/1", "", 404, `{"message":"fault 1 not found","statusCode":404,"requestID":"ID"}`)
	admin("DELETE", "faults", "", 204, "")
	admin("GET", "faults", "", 200, `[]`)

	status, requests := askPath(t, s, "GET", "/localcloud/requests", "")
	if status != 200 || !strings.HasPrefix(requests, `[{"method":"GET","path":"/v1alpha1/local/databases","status":503,"time":"`) || strings.Contains(requests, "Bearer") {
		t.Errorf("the requests are %d %s", status, requests)
	}
	for body, message := range map[string]string{
		`{}`:                               "a fault needs one of drop, lose, hang, status, alter, latency, jitter, trickle and unseen",
		`{"times":3,"path":"databases"}`:   "a fault needs one of drop, lose, hang, status, alter, latency, jitter, trickle and unseen",
		`{"lose":true,"drop":true}`:        "use only one of drop, lose, hang, status and alter",
		`{"status":200,"alter":"empty"}`:   "use only one of drop, lose, hang, status and alter",
		`{"status":99}`:                    "status 99 is not one of 200 to 599",
		`{"latency":"soon"}`:               `the request body is not a fault: \"soon\" is not a duration such as 500ms`,
		`{"latency":"1s","after":true}`:    "after needs a status or a hang",
		`{"latency":"1s","body":"x"}`:      "header, body and retry_after need a status",
		`{"status":429,"retry_date":true}`: "retry_date needs retry_after",
		`{"drop":true,"trickle":"1ms"}`:    "trickle needs an answer: it cannot be used with drop, lose or hang",
		`{"drop":true,"latency":"-1s"}`:    "a duration must not be negative",
		`{"drop":true,"chance":1.5}`:       "chance 1.5 is not between 0 and 1",
		`{"drop":true,"rate":-1}`:          "rate must not be negative",
		`{"alter":"nothing"}`:              `alter \"nothing\" is not one of [break truncate empty null html types duplicate-keys gzip huge omit repeat reverse]`,
		`{"drop":true,"times":-1}`:         "skip and times must not be negative",
		`{"drop":true,"path":"["}`:         `path \"[\" is not a pattern such as databases/userdb/*`,
		`{"dropp":true}`:                   `the request body is not a fault: json: unknown field \"dropp\"`,
	} {
		admin("POST", "faults", body, 400, `{"message":"`+message+`","statusCode":400,"requestID":"ID"}`)
	}
}
