using System.Net.Http.Headers;

namespace Hostile.Http;

/// <summary>What came of a request.</summary>
/// <param name="Status">Its status; 0 when there was no whole answer.</param>
/// <param name="Body">Its body.</param>
/// <param name="Elapsed">How long it took, to the end of the body.</param>
/// <param name="Fields">Its header fields, when there are any.</param>
internal sealed record Answer(int Status, byte[] Body, TimeSpan Elapsed, HttpResponseHeaders? Fields)
{
    public double Milliseconds => Elapsed.TotalMilliseconds;

    public bool IsSuccess => Status is >= 200 and < 300;

    /// <summary>Whether it is 200 with these bytes.</summary>
    public bool Is(ReadOnlySpan<byte> body) => Status == 200 && Body.AsSpan().SequenceEqual(body);
}
