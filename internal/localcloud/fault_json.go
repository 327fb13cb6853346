// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package localcloud

import (
	"bytes"
	"encoding/json"
	"fmt"
	"time"
)

// MarshalJSON writes durations as texts such as 500ms.
func (f Fault) MarshalJSON() ([]byte, error) { return json.Marshal(f.jsonForm()) }

// UnmarshalJSON refuses unknown fields.
func (f *Fault) UnmarshalJSON(raw []byte) error {
	*f = Fault{}
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.DisallowUnknownFields()
	return decoder.Decode(f.jsonForm())
}

// jsonForm is the fault with its durations as texts. What is decoded into it is in the fault.
func (f *Fault) jsonForm() any {
	type fields Fault // without the methods of Fault
	return &struct {
		*fields
		For        *durationText `json:"for,omitzero"`
		Latency    *durationText `json:"latency,omitzero"`
		Jitter     *durationText `json:"jitter,omitzero"`
		Trickle    *durationText `json:"trickle,omitzero"`
		RetryAfter *durationText `json:"retry_after,omitzero"`
		Unseen     *durationText `json:"unseen,omitzero"`
	}{
		(*fields)(f), (*durationText)(&f.For), (*durationText)(&f.Latency), (*durationText)(&f.Jitter),
		(*durationText)(&f.Trickle), (*durationText)(&f.RetryAfter), (*durationText)(&f.Unseen),
	}
}

type durationText time.Duration

// IsZero leaves a duration out that is not set.
func (d durationText) IsZero() bool { return d == 0 }

func (d durationText) MarshalText() ([]byte, error) { return []byte(time.Duration(d).String()), nil }

func (d *durationText) UnmarshalText(text []byte) error {
	parsed, err := time.ParseDuration(string(text))
	if err != nil {
		return fmt.Errorf("%q is not a duration such as 500ms", text)
	}
	*d = durationText(parsed)
	return nil
}
