using System.Text;
using Gateway.Http;

namespace Gateway.Resources;

/// <summary>What the body of an answer is made of: runs of the resource's bytes, and between them the delimiters of
/// multipart/byteranges (RFC 9110 §14.6) when there are several.</summary>
internal sealed class ResponseBody
{
    private ResponseBody(string contentType, string? contentRange, IReadOnlyList<Part> parts, byte[] end)
    {
        ContentType = contentType;
        ContentRange = contentRange;
        Parts = parts;
        End = end;
        Length = parts.Sum(part => part.Head.Length + part.Range.Length) + end.Length;
    }

    /// <summary>A run of bytes and what stands before it.</summary>
    public readonly record struct Part(byte[] Head, ByteRange Range);

    /// <summary>Of the whole answer.</summary>
    public string ContentType { get; }

    /// <summary>Of a single part of the resource; null otherwise.</summary>
    public string? ContentRange { get; }

    /// <summary>In the order they are sent.</summary>
    public IReadOnlyList<Part> Parts { get; }

    /// <summary>What stands after the last part.</summary>
    public byte[] End { get; }

    /// <summary>Bytes in all.</summary>
    public long Length { get; }

    /// <summary>Plans the body of an answer.</summary>
    /// <param name="ranges">At least one; the whole as one range.</param>
    /// <param name="length">The resource's length.</param>
    /// <param name="contentType">The resource's media type.</param>
    /// <param name="isPartial">Whether the answer is 206.</param>
    public static ResponseBody Plan(IReadOnlyList<ByteRange> ranges, long length, string contentType, bool isPartial)
    {
        if (ranges.Count == 1)
        {
            return new ResponseBody(contentType, isPartial ? ranges[0].ToContentRange(length) : null, [new Part([], ranges[0])], []);
        }

        // Chosen anew for every answer, so that no stored bytes can hold it.
        var boundary = Guid.NewGuid().ToString("N");
        var parts = new List<Part>(ranges.Count);
        foreach (var range in ranges)
        {
            var lead = parts.Count == 0 ? "" : "\r\n";
            var head = $"{lead}--{boundary}\r\nContent-Type: {contentType}\r\nContent-Range: {range.ToContentRange(length)}\r\n\r\n";
            parts.Add(new Part(Encoding.Latin1.GetBytes(head), range));
        }

        return new ResponseBody(
            $"multipart/byteranges; boundary={boundary}", null, parts, Encoding.Latin1.GetBytes($"\r\n--{boundary}--\r\n"));
    }
}
