using System.Text.Json;

namespace MurkyWaters.Uploading;

/// <summary>What the catalog keeps of an upload in several requests, beside its bytes.</summary>
internal sealed record PendingRecord
{
    public string? Resource { get; init; }

    public string? Path { get; init; }

    public long? Length { get; init; }

    public string? ContentType { get; init; }

    public string? FileName { get; init; }

    public bool? IsAttachment { get; init; }

    public bool KeepsDescription { get; init; }

    public string? Code { get; init; }

    public string? Sha256 { get; init; }

    public required string Note { get; init; }

    /// <summary>The run of the machine in which the bytes were written; see <see cref="Store.BootId"/>.</summary>
    public required string BootId { get; init; }

    /// <summary>Bytes that were on the disk when this was written; in the same run the file's length tells.</summary>
    public long FlushedBytes { get; init; }

    public bool IsComplete { get; init; }

    public string Encode() => JsonSerializer.Serialize(this);

    /// <summary>Reads a record; null when it is none.</summary>
    public static PendingRecord? TryParse(string text)
    {
        try
        {
            return JsonSerializer.Deserialize<PendingRecord>(text);
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
