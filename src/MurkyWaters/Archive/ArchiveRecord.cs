using System.Collections.Immutable;
using System.Text.Json;
using MurkyWaters.Jobs;
using MurkyWaters.Store;
using PouringRain.Protocol;

namespace MurkyWaters.Archive;

/// <summary>What outlives the process that runs a job.</summary>
internal sealed record ArchiveRecord : IJobRecord<ArchiveRecord>
{
    /// <summary>16 hexadecimal digits.</summary>
    public required string Id { get; init; }

    public required ArchiveJobKind Kind { get; init; }

    public required ResourceId Resource { get; init; }

    public required Sha256Digest Version { get; init; }

    public required long Length { get; init; }

    public required string Coding { get; init; }

    /// <summary>The coding of the pieces that it begins with; empty where that is the whole.</summary>
    public string From { get; init; } = "";

    public required long CreatedMs { get; init; }

    public long? EndedMs { get; init; }

    public ArchivePhase Phase { get; init; }

    public string Reason { get; init; } = "";

    /// <summary>Which node is to have which piece, by index; of a restoration the nodes that are to have the whole.</summary>
    public ImmutableArray<NodeId> Places { get; init; } = [];

    public bool IsOver => Phase >= ArchivePhase.Completed;

    string IJobRecord<ArchiveRecord>.JobId => Id;

    public byte[] Write()
    {
        using var stream = new MemoryStream();
        using (var json = new Utf8JsonWriter(stream))
        {
            json.WriteStartObject();
            json.WriteString("id", Id);
            json.WriteString("kind", Kind.ToString());
            json.WriteString("resource", Resource.ToString());
            json.WriteString("version", Version.ToString());
            json.WriteNumber("length", Length);
            json.WriteString("coding", Coding);
            if (From.Length > 0)
            {
                json.WriteString("from", From);
            }

            json.WriteNumber("created", CreatedMs);
            if (EndedMs is { } ended)
            {
                json.WriteNumber("ended", ended);
            }

            json.WriteString("phase", Phase.ToString());
            json.WriteString("reason", Reason);
            json.WriteStartArray("places");
            foreach (var place in Places)
            {
                json.WriteStringValue(place.ToString());
            }

            json.WriteEndArray();
            json.WriteEndObject();
        }

        return stream.ToArray();
    }

    /// <summary>Reads it; null for anything else.</summary>
    public static ArchiveRecord? TryRead(ReadOnlyMemory<byte> bytes) => RecordJson.TryRead(bytes, Read);

    private static ArchiveRecord? Read(JsonElement json)
    {
        var id = Text("id");
        if (id.Length != 16 || id.Any(digit => !char.IsAsciiHexDigitLower(digit))
            || !ResourceId.TryParse(Text("resource"), out var resource) || !Sha256Digest.TryParseHex(Text("version"), out var version))
        {
            return null;
        }

        var places = json.GetProperty("places").EnumerateArray().Select(place =>
            NodeId.TryParse(place.GetString(), out var node) ? node : throw new FormatException());
        return new ArchiveRecord
        {
            Id = id,
            Kind = Enum.Parse<ArchiveJobKind>(Text("kind")),
            Resource = resource,
            Version = version,
            Length = json.GetProperty("length").GetInt64(),
            Coding = Text("coding"),
            From = json.TryGetProperty("from", out var from) ? from.GetString() ?? "" : "",
            CreatedMs = json.GetProperty("created").GetInt64(),
            EndedMs = json.TryGetProperty("ended", out var ended) ? ended.GetInt64() : null,
            Phase = Enum.Parse<ArchivePhase>(Text("phase")),
            Reason = Text("reason"),
            Places = [.. places],
        };

        string Text(string name) => json.GetProperty(name).GetString() ?? throw new FormatException();
    }
}
