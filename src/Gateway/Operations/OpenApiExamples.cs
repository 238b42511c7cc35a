using System.Text.Json.Nodes;
using Gateway.Http;
using Gateway.Rain;
using Gateway.Resources;
using Gateway.Uploads;
using MurkyWaters;

namespace Gateway.Operations;

/// <summary>Bodies as the gateway answers them, for readers of the API's page.</summary>
internal static class OpenApiExamples
{
    private const string Sha256 = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";

    private const string Summary =
        $$"""
        "id": "42", "length": 50000000, "etag": "\"{{Version}}\"", "sha256": "{{Sha256}}", "contentType": "video/mp4",
        "fileName": "holiday.mp4", "code": "raptorq", "blockSize": 1048576, "symbolSize": 1408, "blocks": 48, "version": "{{Version}}",
        "modified": "2026-11-21T06:10:07.642+00:00", "replicas": 1
        """;

    private const string Version = "d8a624a3ffa3d942f2bf0e9ac8d2bb1b7e9d2a4f3c1e5a6b7c8d9e0f1a2b3c4d";

    private const string Transfer =
        """
        {
          "id": "1", "resource": "42", "state": "completed", "length": 50000000, "receivedBytes": 50000000,
          "decodedBlocks": 48, "blocks": 48, "blockMap": [0, 48], "symbolsNeeded": 35527, "dropletsReceived": 35527, "overhead": 1, "elapsedMs": 412.7,
          "verdict": "The network set the pace: 127.0.0.1:1980 41.9 MB/s, 127.0.0.1:1981 41.5 MB/s, 127.0.0.1:1982 40.8 MB/s.",
          "sources": [
            {
              "endpoint": "127.0.0.1:1980", "state": "done", "droplets": 11980, "bytes": 17307000, "lost": 0, "rttMs": 0.4,
              "rateBytesPerSecond": 41936000
            },
            {
              "endpoint": "127.0.0.1:1981", "state": "done", "droplets": 11872, "bytes": 17151000, "lost": 0, "rttMs": 0.3,
              "rateBytesPerSecond": 41558000
            },
            {
              "endpoint": "127.0.0.1:1982", "state": "done", "droplets": 11675, "bytes": 16866000, "lost": 0, "rttMs": 0.5,
              "rateBytesPerSecond": 40868000
            }
          ]
        }
        """;

    private const string Server =
        """
        {
          "endpoint": "127.0.0.1:1980", "origin": "file", "state": "up", "rttMs": 0.4, "rateBytesPerSecond": 41936000, "loss": 0,
          "lastSeen": "2026-11-21T06:10:09.1+00:00"
        }
        """;

    private static readonly ProblemType[] OfUploads =
    [
        ProblemType.InvalidDigest, ProblemType.DigestMismatch, ProblemType.PartialPut, ProblemType.IncompleteBody,
        ProblemType.CompletedUpload, ProblemType.InconsistentUploadLength, ProblemType.MismatchingUploadOffset,
    ];

    private static readonly Dictionary<Type, string> Bodies = new()
    {
        [typeof(ResourceSummary)] = $"{{ {Summary} }}",
        [typeof(ResourceList)] = $"{{ \"items\": [{{ {Summary} }}], \"next\": null }}",
        [typeof(ManifestView)] = $"{{ {Summary}, \"blockDigests\": [\"{Sha256}\"] }}",
        [typeof(ClassicAnswer)] = """{ "response": "Ok." }""",
        [typeof(TransferView)] = Transfer,
        [typeof(ItemList<TransferView>)] = $"{{ \"items\": [{Transfer}] }}",
        [typeof(ServerSnapshot)] = Server,
        [typeof(ItemList<ServerSnapshot>)] = $"{{ \"items\": [{Server}] }}",
        [typeof(ItemList<SubscriberView>)] =
            """
            {
              "items": [
                {
                  "endpoint": "10.0.0.7:41772", "server": "10.0.0.1:1980", "resource": "42", "rateBytesPerSecond": 12500000, "droplets": 8817,
                  "expiresInMs": 4200
                }
              ]
            }
            """,
        [typeof(UploadView)] =
            """
            {
              "token": "Jt3vN0qkS1mZ8yB4", "offset": 16777216, "length": 50000000, "complete": false, "resource": "42",
              "expires": "2026-11-22T06:10:07.642+00:00"
            }
            """,
        [typeof(ProblemDescription)] =
            """{ "type": "/problems/not-found", "status": 404, "title": "There is no such thing", "retryable": false }""",
    };

    /// <summary>A body of a good answer; null when none is known.</summary>
    /// <param name="type">What is written.</param>
    /// <param name="mediaType">As what.</param>
    /// <param name="status">The status it comes with.</param>
    public static JsonNode? Of(Type? type, string mediaType, int status) => mediaType switch
    {
        "text/event-stream" => $"event: transfer\ndata: {JsonNode.Parse(Transfer)!.ToJsonString()}\n\n",
        "text/plain" => "# HELP rain_http_requests_total Requests ended, by route, method and status.\n"
            + "# TYPE rain_http_requests_total counter\n"
            + "rain_http_requests_total{route=\"/resources/{id}\",method=\"GET\",status=\"200\"} 17\n",
        _ when type == typeof(HealthEndpoints.Health) => status == StatusCodes.Status200OK
            ? JsonNode.Parse("""{ "status": "ready", "reasons": [] }""")
            : JsonNode.Parse("""{ "status": "not ready", "reasons": ["the disk of /data has 4096 bytes free"] }"""),
        _ => type is not null && Bodies.TryGetValue(type, out var body) ? JsonNode.Parse(body) : null,
    };

    /// <summary>The kinds of problem that a status may mean.</summary>
    /// <param name="status">The status.</param>
    /// <param name="ofUpload">Whether the request has a body that is to be kept.</param>
    public static IReadOnlyList<ProblemType> ProblemTypes(int status, bool ofUpload) =>
    [
        .. ProblemType.All.Where(type =>
            type.Status == status && type != ProblemType.BadRequest && (ofUpload || !OfUploads.Contains(type))),
    ];

    /// <summary>A problem document.</summary>
    public static JsonObject Of(ProblemType type)
    {
        var document = new JsonObject
        {
            ["type"] = type.Uri,
            ["title"] = type.Title,
            ["status"] = type.Status,
            ["detail"] = "What exactly was wrong, in a sentence.",
            ["instance"] = "/resources/42",
            ["traceId"] = "4bf92f3577b34da6a3ce929d0e0e4736",
            ["retryable"] = type.IsRetryable,
        };
        if (type == ProblemType.MismatchingUploadOffset)
        {
            (document["expected-offset"], document["provided-offset"]) = (16777216, 0);
        }

        if (type.Status is StatusCodes.Status502BadGateway || type == ProblemType.RetrievalTimeout)
        {
            document["sources"] = new JsonArray(new JsonObject
            {
                ["endpoint"] = "127.0.0.1:1980",
                ["state"] = type.Status == StatusCodes.Status502BadGateway ? "lied" : "asked",
                ["droplets"] = 0,
                ["loss"] = 0,
                ["rttMs"] = null,
                ["lastSeen"] = null,
            });
        }

        return document;
    }
}
