package main

import (
	"encoding/json"
	"io"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// verdict is what a tool says of one object.
type verdict struct {
	Kind    string `json:"kind"`
	Name    string `json:"name"`
	Status  string `json:"status"`
	Message string `json:"message"`
}

// judgeAll reads an array of objects and writes an array of verdicts, in the same order.
func judgeAll(in io.Reader, out io.Writer, judge func(*unstructured.Unstructured) (verdict, error)) error {
	objects, err := readObjects(in)
	if err != nil {
		return err
	}
	verdicts := make([]verdict, 0, len(objects))
	for _, object := range objects {
		v, err := judge(object)
		if err != nil {
			return err
		}
		v.Kind, v.Name = object.GetKind(), object.GetName()
		verdicts = append(verdicts, v)
	}
	return json.NewEncoder(out).Encode(verdicts)
}

// readObjects reads a JSON array of objects. Whole numbers are int64, as Kubernetes' own clients have
// them: kstatus does not see an observedGeneration that is a float.
func readObjects(in io.Reader) ([]*unstructured.Unstructured, error) {
	var raw []json.RawMessage
	if err := json.NewDecoder(in).Decode(&raw); err != nil {
		return nil, err
	}
	objects := make([]*unstructured.Unstructured, 0, len(raw))
	for _, text := range raw {
		object := &unstructured.Unstructured{}
		if err := object.UnmarshalJSON(text); err != nil {
			return nil, err
		}
		objects = append(objects, object)
	}
	return objects, nil
}
