using System.Globalization;
using Gateway.Connections;

namespace Gateway.Hosting;

/// <summary>How far a request has come: a feature of it.</summary>
internal sealed class RequestProgress
{
    private readonly IFileOutput? _output;
    private readonly bool _isAlone;
    private readonly long _sentBefore;
    private long _sentWithHead;

    /// <summary>Of a request that begins.</summary>
    public RequestProgress(HttpContext http)
    {
        // A connection of HTTP/2 carries many requests at once: how much of one its socket took nobody knows.
        _isAlone = HttpProtocol.IsHttp11(http.Request.Protocol) || HttpProtocol.IsHttp10(http.Request.Protocol);
        _output = http.Features.Get<IFileOutput>();
        _sentBefore = _output?.SentBytes ?? 0;
    }

    /// <summary>Bytes of a resource handed to the connection; once it has ended, no more than its socket took.</summary>
    public long SentBytes { get; set; }

    /// <summary>Bytes of an upload.</summary>
    public long ReceivedBytes { get; set; }

    /// <summary>Whether the resource was here; null when none was read.</summary>
    public bool? IsHit { get; set; }

    /// <summary>Why the gateway broke the connection; null when it did not.</summary>
    public string? AbortReason { get; set; }

    /// <summary>Whether the connection was gone before the request had ended.</summary>
    public bool IsBroken { get; set; }

    /// <summary>Takes note of the end.</summary>
    public void End(HttpContext http)
    {
        IsBroken |= http.RequestAborted.IsCancellationRequested || _output is { IsBroken: true };
        if (IsBroken && _isAlone && _output is not null)
        {
            _sentWithHead = _output.SentBytes - _sentBefore;
            SentBytes = Math.Min(SentBytes, _sentWithHead);
        }
    }

    /// <summary>What came or went, as a part of the line that begins with a space.</summary>
    public string Describe(HttpResponse response) =>
        ReceivedBytes > 0 ? string.Create(CultureInfo.InvariantCulture, $" received {ReceivedBytes} bytes")
        : SentBytes > 0 || AbortReason is not null
            ? string.Create(CultureInfo.InvariantCulture, $" sent {SentBytes} of {response.ContentLength} bytes")
        : _sentWithHead > 0 ? string.Create(CultureInfo.InvariantCulture, $" sent {_sentWithHead} bytes with the head")
        : "";
}
