using System.Net.Http.Headers;
using System.Text.Json;
using MurkyWaters.Cluster;

namespace MurkyWaters.Engines.Etcd;

/// <summary>
/// Calls etcd over its JSON gateway: every try has a deadline, and when one fails the next server is asked at once, those that failed
/// lately last. A call may have been carried out by a server that did not answer in time, and be so again by the next, or long afterwards:
/// requests must be such that this does no harm. Thread-safe.
/// </summary>
/// <remarks>This rather than gRPC: which server is asked next, and when, is then decided here for every single try. A channel over all
/// servers stays with one that stands still until its own ping has failed, and one call in three with it.</remarks>
internal sealed class EtcdClient : IDisposable
{
    /// <summary>Two values of the largest size that etcd takes, in base64, are shorter.</summary>
    private const int AnswerBytesMax = 8 << 20;

    private const string NoEtcd = "what answers there is no etcd";
    private static readonly TimeSpan RoundPause = TimeSpan.FromMilliseconds(50);
    private readonly EtcdEndpoint[] _endpoints;
    private readonly EtcdTimes _times;
    private readonly TimeProvider _time;
    private readonly HttpClient _http;
    private readonly long _startedAt;
    private EtcdEndpoint _preferred;
    private long _heardAt;
    private string? _trouble;

    /// <summary>Connects to nothing yet.</summary>
    public EtcdClient(IEnumerable<Uri> addresses, EtcdTimes times, TimeProvider time)
    {
        _endpoints = [.. addresses.Select(address => new EtcdEndpoint(address))];
        _times = times;
        _time = time;
        _startedAt = time.GetTimestamp();
        _heardAt = long.MinValue;
        _preferred = _endpoints[Random.Shared.Next(_endpoints.Length)];
        _http = new HttpClient(new SocketsHttpHandler
        {
            ActivityHeadersPropagator = null,
            AllowAutoRedirect = false,
            ConnectTimeout = times.LongTry,
            PooledConnectionIdleTimeout = TimeSpan.FromMinutes(1),
            UseCookies = false,
            UseProxy = false,
        })
        {
            MaxResponseContentBufferSize = AnswerBytesMax,
            Timeout = Timeout.InfiniteTimeSpan,
        };
    }

    /// <summary>The server that answered last.</summary>
    public EtcdEndpoint Preferred => Volatile.Read(ref _preferred);

    /// <summary>Whether etcd answered lately.</summary>
    public bool IsConnected => HeardAge is { } age && age < _times.Connected;

    /// <summary>Since when nothing was heard; null when nothing ever was.</summary>
    public TimeSpan? HeardAge => Interlocked.Read(ref _heardAt) is var at && at == long.MinValue ? null : _time.GetElapsedTime(at);

    /// <summary>Whether nothing was heard for so long that there is no use in asking for what somebody waits for.</summary>
    public bool IsAway => !IsConnected && _time.GetElapsedTime(_startedAt) >= _times.Connected && Volatile.Read(ref _trouble) is not null;

    /// <summary>What went wrong last, if nothing went well since.</summary>
    public string? Trouble => Volatile.Read(ref _trouble);

    /// <summary>Calls etcd.</summary>
    /// <param name="path">One of <see cref="EtcdPaths"/>.</param>
    /// <param name="body">The request.</param>
    /// <param name="patience">How long to go on trying; every server is tried once in any case.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    /// <exception cref="ClusterUnavailableException">No server has an answer.</exception>
    /// <exception cref="EtcdException">etcd refuses.</exception>
    public async Task<JsonElement> CallAsync(string path, byte[] body, TimeSpan patience, CancellationToken cancellationToken)
    {
        var startedAt = _time.GetTimestamp();
        for (var limit = _times.Try; ; limit = limit * 2 < _times.LongTry ? limit * 2 : _times.LongTry)
        {
            var trouble = "";
            foreach (var endpoint in InOrder())
            {
                var tried = await TryAsync(endpoint, path, body, limit, cancellationToken);
                if (tried.Trouble is null)
                {
                    Volatile.Write(ref _preferred, endpoint);
                    return tried.Answer;
                }

                trouble = tried.Trouble;
            }

            Volatile.Write(ref _trouble, trouble);
            if (_time.GetElapsedTime(startedAt) + RoundPause >= patience)
            {
                throw new ClusterUnavailableException(trouble);
            }

            await Task.Delay(RoundPause, _time, cancellationToken);
        }
    }

    /// <summary>Opens a stream of what happens to keys.</summary>
    /// <exception cref="HttpRequestException">It refuses.</exception>
    public async Task<HttpResponseMessage> WatchAsync(EtcdEndpoint endpoint, byte[] body, CancellationToken cancellationToken)
    {
        using var request = CreateRequest(endpoint, EtcdPaths.Watch, body);

        // A server that has lost its cluster ends the watch instead of telling nothing for ever.
        request.Headers.Add("Grpc-Metadata-hasleader", "true");
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(_times.LongTry);
        var response = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, limit.Token);
        response.EnsureSuccessStatusCode();
        return response;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _http.Dispose();
        foreach (var endpoint in _endpoints)
        {
            endpoint.Dispose();
        }
    }

    /// <summary>The one that answered last, then the others; those that failed lately after all of them, and of those that failed longest
    /// ago first.</summary>
    private List<EtcdEndpoint> InOrder()
    {
        var start = Array.IndexOf(_endpoints, Preferred);
        return
        [
            .. Enumerable.Range(0, _endpoints.Length).Select(i => _endpoints[(start + i) % _endpoints.Length])
                .OrderBy(endpoint => endpoint.FailedAt is { } at && _time.GetElapsedTime(at) < _times.Distrust ? at : long.MinValue),
        ];
    }

    private async Task<(JsonElement Answer, string? Trouble)> TryAsync(
        EtcdEndpoint endpoint, string path, byte[] body, TimeSpan limit, CancellationToken cancellationToken)
    {
        using var deadline = new CancellationTokenSource(limit, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, cancellationToken);
        string trouble;
        try
        {
            using var request = CreateRequest(endpoint, path, body);
            using var response = await _http.SendAsync(request, HttpCompletionOption.ResponseContentRead, either.Token);
            var bytes = await response.Content.ReadAsByteArrayAsync(either.Token);
            using var document = JsonDocument.Parse(bytes);
            var answer = document.RootElement.Clone();
            if (response.IsSuccessStatusCode && IsFromEtcd(answer))
            {
                endpoint.Answered();
                if (path != EtcdPaths.KeepAlive)
                {
                    // A leader that was deposed while it stood still renews leases until it knows; all else takes a majority.
                    Interlocked.Exchange(ref _heardAt, _time.GetTimestamp());
                    Volatile.Write(ref _trouble, null);
                }

                return (answer, null);
            }

            var (code, message) = ReadError(answer, response);
            if (EtcdException.IsRefusal(code))
            {
                endpoint.Answered();
                throw new EtcdException(code, message);
            }

            trouble = $"{endpoint.Address}: {message}";
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            trouble = $"{endpoint.Address}: no answer within {limit.TotalMilliseconds:0} ms";
        }
        catch (HttpRequestException e) when (e.HttpRequestError == HttpRequestError.ConfigurationLimitExceeded)
        {
            throw new EtcdException(EtcdException.TooLong, $"an answer is longer than {AnswerBytesMax} bytes");
        }
        catch (HttpRequestException e)
        {
            trouble = $"{endpoint.Address}: {e.Message}";
        }
        catch (ObjectDisposedException e)
        {
            throw new ClusterUnavailableException("the registry is closed", e);
        }
        catch (JsonException)
        {
            trouble = $"{endpoint.Address}: {NoEtcd}";
        }

        endpoint.DidNotAnswer(_time.GetTimestamp());
        return (default, trouble);
    }

    /// <summary>Every answer of etcd's says of which revision it is; those of streams below <c>result</c>.</summary>
    private static bool IsFromEtcd(JsonElement answer) =>
        answer.Find("error").ValueKind == JsonValueKind.Undefined
        && Math.Max(answer.Find("header").FindInt64("revision"), answer.Find("result").Find("header").FindInt64("revision")) > 0;

    private static HttpRequestMessage CreateRequest(EtcdEndpoint endpoint, string path, byte[] body)
    {
        var content = new ByteArrayContent(body);
        content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        return new HttpRequestMessage(HttpMethod.Post, new Uri(endpoint.Address, $"/v3/{path}")) { Content = content };
    }

    /// <summary>A call's error stands at the top; a stream's below <c>error</c>.</summary>
    private static (int Code, string Message) ReadError(JsonElement answer, HttpResponseMessage response)
    {
        var inner = answer.Find("error");
        var code = inner.ValueKind == JsonValueKind.Object ? inner.FindInt64("grpc_code") : answer.FindInt64("code");
        var message = inner.FindText("message") ?? answer.FindText("message")
            ?? (response.IsSuccessStatusCode ? NoEtcd : $"HTTP status {(int)response.StatusCode}");
        return ((int)Math.Clamp(code, 0, int.MaxValue), message.Length > 200 ? message[..200] : message);
    }
}
