using System.Text.Json;

namespace MurkyWaters.Store;

/// <summary>Reads records that are kept as JSON.</summary>
internal static class RecordJson
{
    /// <summary>Reads one; null for anything else.</summary>
    /// <param name="bytes">Any bytes at all.</param>
    /// <param name="read">Makes sense of the document; null, and what it throws over one of another form, means that it is no such
    /// record.</param>
    public static T? TryRead<T>(ReadOnlyMemory<byte> bytes, Func<JsonElement, T?> read)
        where T : class
    {
        try
        {
            using var parsed = JsonDocument.Parse(bytes);
            return read(parsed.RootElement);
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException or KeyNotFoundException or FormatException
            or ArgumentException or OverflowException)
        {
            return null;
        }
    }
}
