// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package provider

import "testing"

func TestLogs(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		environ []string
		want    bool
	}{
		"nothing":            {nil, false},
		"others":             {[]string{"PATH=/bin", "TF_LOGIN=x", "TF_INPUT=0"}, false},
		"an empty value":     {[]string{"TF_LOG="}, false},
		"everything":         {[]string{"TF_LOG=TRACE"}, true},
		"the providers only": {[]string{"PATH=/bin", "TF_LOG_PROVIDER=DEBUG"}, true},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := logs(test.environ); got != test.want {
				t.Errorf("logs(%q) = %t, want %t", test.environ, got, test.want)
			}
		})
	}
}
