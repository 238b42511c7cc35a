using System.ComponentModel.DataAnnotations;
using Gateway.Operations.Document;
using Microsoft.AspNetCore.Mvc;

namespace Gateway.Resources;

/// <summary>How many nodes an answer may wait for.</summary>
internal delegate void ReplicaParameters(
    [FromQuery(Name = "replicas"), Range(1, UploadRequest.ReplicasMax)]
    [Meaning("Nodes that are to hold it before the answer, this one included; 1 by default.", 3)]
    int? replicas);
