// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package localcloud

import (
	"bytes"
	"encoding/json"
	"maps"
	"net/http"
	"slices"
)

// rewrite alters the JSON of a body. It leaves a body that is not JSON.
func (a Alteration) rewrite(body []byte) []byte {
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.UseNumber()
	var value any
	if decoder.Decode(&value) != nil {
		return body
	}
	list, isList := value.([]any)
	switch {
	case a == AlterTypes:
		value = otherTypes(value)
	case a == AlterDuplicateKeys:
		return duplicateKeys(value)
	case isList && a == AlterOmit:
		kept := []any{}
		for i := 1; i < len(list); i += 2 {
			kept = append(kept, list[i])
		}
		value = kept
	case isList && a == AlterRepeat:
		repeated := []any{}
		for _, element := range list {
			repeated = append(repeated, element, element)
		}
		value = repeated
	case isList && a == AlterReverse:
		slices.Reverse(list)
	}
	return encoded(value)
}

func encoded(value any) []byte {
	raw, err := json.Marshal(value)
	if err != nil {
		panic(http.ErrAbortHandler) // what was decoded can be encoded
	}
	return raw
}

func otherTypes(value any) any {
	switch value := value.(type) {
	case map[string]any:
		for key := range value {
			value[key] = otherTypes(value[key])
		}
		return value
	case []any:
		if len(value) == 0 {
			return map[string]any{}
		}
		for i := range value {
			value[i] = otherTypes(value[i])
		}
		return value
	case string:
		return 1
	case nil:
		return false
	default:
		return string(encoded(value))
	}
}

func duplicateKeys(value any) []byte {
	var text bytes.Buffer
	separator := ""
	switch value := value.(type) {
	case map[string]any:
		text.WriteByte('{')
		for _, key := range slices.Sorted(maps.Keys(value)) {
			name := encoded(key)
			text.WriteString(separator)
			text.Write(slices.Concat(name, []byte(":"), encoded(otherValue(value[key])), []byte(","), name, []byte(":"), duplicateKeys(value[key])))
			separator = ","
		}
		text.WriteByte('}')
	case []any:
		text.WriteByte('[')
		for _, element := range value {
			text.WriteString(separator)
			text.Write(duplicateKeys(element))
			separator = ","
		}
		text.WriteByte(']')
	default:
		return encoded(value)
	}
	return text.Bytes()
}

// otherValue is another value of the same type.
func otherValue(value any) any {
	switch value := value.(type) {
	case string:
		return "another-" + value
	case bool:
		return !value
	case json.Number:
		return 1
	default:
		return nil
	}
}
