using System.Text;
using System.Text.Json;
using MurkyWaters.Cluster;

namespace MurkyWaters.Engines.Etcd;

/// <summary>What stands under a job's key: the document, and a number drawn by who wrote it, by which that one knows its own write again
/// when the answer to it was lost.</summary>
/// <param name="Writer">The number.</param>
/// <param name="Document">The document; empty for a job that was deleted.</param>
internal sealed record JobDocument(string Writer, ReadOnlyMemory<byte> Document)
{
    private const int NestingMax = 32;

    /// <summary>Writes it.</summary>
    /// <exception cref="ArgumentException">The document is too long, or no JSON.</exception>
    public static byte[] Write(string writer, ReadOnlyMemory<byte> document)
    {
        if (document.Length > IClusterJobs.DocumentBytesMax)
        {
            throw new ArgumentException($"A job's document has {IClusterJobs.DocumentBytesMax} bytes at most.", nameof(document));
        }

        try
        {
            using var parsed = JsonDocument.Parse(document, new JsonDocumentOptions { MaxDepth = NestingMax });
            return EtcdJson.Write(json =>
            {
                json.WriteString("writer", writer);
                json.WritePropertyName("job");
                json.WriteRawValue(document.Span);
            });
        }
        catch (JsonException e)
        {
            throw new ArgumentException("A job's document is JSON.", nameof(document), e);
        }
    }

    /// <summary>Writes that a job was deleted.</summary>
    public static byte[] WriteDeleted(string writer) => EtcdJson.Write(json => json.WriteString("writer", writer));

    /// <summary>Reads it; null for anything else.</summary>
    public static JobDocument? TryRead(ReadOnlyMemory<byte> bytes)
    {
        if (bytes.Length > IClusterJobs.DocumentBytesMax + 256)
        {
            return null;
        }

        try
        {
            using var parsed = JsonDocument.Parse(bytes, new JsonDocumentOptions { MaxDepth = NestingMax + 2 });
            var root = parsed.RootElement;
            var job = root.Find("job");
            return root.FindText("writer") is not { } writer ? null
                : new JobDocument(writer, job.ValueKind == JsonValueKind.Undefined ? default : Encoding.UTF8.GetBytes(job.GetRawText()));
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            return null;
        }
    }
}
