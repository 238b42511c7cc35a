using System.Buffers;
using System.Globalization;
using System.IO.Pipelines;
using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using MurkyWaters.Archive;

namespace Gateway.Coding;

/// <summary>Gives other nodes programs and streams over HTTP, HTTP/2 where they have TLS, each request with the proof that it comes from a
/// node. Redirects are not followed, and no proxy is asked: a request goes where the cluster knows the node to be. Thread-safe.</summary>
internal sealed class NodeNetwork : ICodingNetwork, IDisposable
{
    private static readonly TimeSpan ConnectPatience = TimeSpan.FromSeconds(5), AnswerPatience = TimeSpan.FromSeconds(30);

    private readonly NodeKeys _keys;
    private readonly HttpClient _http;

    public NodeNetwork(NodeKeys keys)
    {
        _keys = keys;
        _http = new HttpClient(new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            UseProxy = false,
            UseCookies = false,
            ConnectTimeout = ConnectPatience,
            PooledConnectionLifetime = TimeSpan.FromMinutes(5),
            EnableMultipleHttp2Connections = true,
        })
        {
            Timeout = Timeout.InfiniteTimeSpan,
        };
    }

    public async Task BeginAsync(CodingPeer peer, string work, CodingProgram program, CancellationToken cancellation)
    {
        var body = new ArrayBufferWriter<byte>();
        CodingJson.Write(program, body);
        using var content = new ReadOnlyMemoryContent(body.WrittenMemory);
        content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        var (request, _) = Make(HttpMethod.Post, peer, $"/coding?work={work}", body.WrittenSpan);
        using (request)
        {
            request.Content = content;
            using var answer = await SendAsync(peer, request, HttpStatusCode.Accepted, cancellation);
        }
    }

    public async Task<ICodingSource> OpenAsync(CodingPeer peer, string work, long length, CancellationToken cancellation)
    {
        var (request, keys) = Make(
            HttpMethod.Get, peer, string.Create(CultureInfo.InvariantCulture, $"/coding/works/{work}?length={length}"), []);
        using (request)
        {
            var answer = await SendAsync(peer, request, HttpStatusCode.OK, cancellation);
            try
            {
                return new SealedStream.Source(
                    await answer.Content.ReadAsStreamAsync(cancellation), keys.Down, $"Node {peer.Node}", answer);
            }
            catch
            {
                answer.Dispose();
                throw;
            }
        }
    }

    public Task<ICodingSink> CreateAsync(CodingPeer peer, string work, long length, CancellationToken cancellation)
    {
        var (request, keys) = Make(
            HttpMethod.Put, peer, string.Create(CultureInfo.InvariantCulture, $"/coding/works/{work}?length={length}"), []);
        return Task.FromResult<ICodingSink>(new Sending(this, peer, request, keys.Up));
    }

    public async Task StopAsync(CodingPeer peer, string work, CancellationToken cancellation)
    {
        var (request, _) = Make(HttpMethod.Delete, peer, $"/coding/works/{work}", []);
        using (request)
        {
            using var answer = await SendAsync(peer, request, HttpStatusCode.NoContent, cancellation);
        }
    }

    public void Dispose() => _http.Dispose();

    private (HttpRequestMessage Request, BodyKeys Keys) Make(HttpMethod method, CodingPeer peer, string target, ReadOnlySpan<byte> body)
    {
        var claim = NodeClaim.Create(peer.Self, peer.Node, peer.NowMs, body);
        var (field, keys) = _keys.Prove(claim, method.Method, target);
        var request = new HttpRequestMessage(method, peer.Url.GetLeftPart(UriPartial.Path).TrimEnd('/') + target)
        {
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionOrLower,
        };
        request.Headers.TryAddWithoutValidation("Authorization", field);
        return (request, keys);
    }

    private async Task<HttpResponseMessage> SendAsync(
        CodingPeer peer, HttpRequestMessage request, HttpStatusCode wanted, CancellationToken cancellation, bool isPatient = false)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        if (!isPatient)
        {
            limit.CancelAfter(AnswerPatience);
        }

        try
        {
            var answer = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, limit.Token);
            if (answer.StatusCode == wanted)
            {
                return answer;
            }

            using (answer)
            {
                throw new IOException($"Node {peer.Node} answers {(int)answer.StatusCode}: {await ReadDetailAsync(answer, limit.Token)}");
            }
        }
        catch (HttpRequestException error)
        {
            throw new IOException($"Node {peer.Node} cannot be reached: {error.Message}", error);
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            throw new IOException($"Node {peer.Node} does not answer.");
        }
    }

    /// <summary>What a problem says, as far as it is short.</summary>
    private static async Task<string> ReadDetailAsync(HttpResponseMessage answer, CancellationToken cancellation)
    {
        const int bytesMax = 4096;
        var bytes = new byte[bytesMax];
        await using var body = await answer.Content.ReadAsStreamAsync(cancellation);
        var count = await body.ReadAtLeastAsync(bytes, bytesMax, throwOnEndOfStream: false, cancellation);
        try
        {
            using var document = JsonDocument.Parse(bytes.AsMemory(0, count));
            return document.RootElement.ValueKind == JsonValueKind.Object
                && document.RootElement.TryGetProperty("detail", out var detail) && detail.ValueKind == JsonValueKind.String
                ? detail.GetString()! : "it says no more.";
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException)
        {
            return "it says no more.";
        }
    }

    /// <summary>A stream on its way to another node.</summary>
    private sealed class Sending : ICodingSink
    {
        private readonly Pipe _pipe = new(new PipeOptions(useSynchronizationContext: false));
        private readonly SealedStream.Sink _sealed;
        private readonly CancellationTokenSource _ending = new();
        private readonly Task _sending;

        public Sending(NodeNetwork network, CodingPeer peer, HttpRequestMessage request, byte[] key)
        {
            _sealed = new SealedStream.Sink(_pipe.Writer.AsStream(), key);
            request.Content = new StreamContent(_pipe.Reader.AsStream());
            request.Content.Headers.ContentType = new MediaTypeHeaderValue(SealedStream.ContentType);
            _sending = SendAsync(network, peer, request);
        }

        public async ValueTask WriteAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellation)
        {
            if (_sending.IsCompleted)
            {
                await _sending;
                throw new IOException("The other node has answered before it had all.");
            }

            await _sealed.WriteAsync(bytes, cancellation);
        }

        public async ValueTask CompleteAsync(CancellationToken cancellation)
        {
            await _sealed.CompleteAsync(cancellation);
            await _pipe.Writer.CompleteAsync();
            await _sending.WaitAsync(cancellation);
        }

        public async ValueTask DisposeAsync()
        {
            await _sealed.DisposeAsync();
            await _pipe.Writer.CompleteAsync(new IOException("Whoever sent the stream has gone."));
            await _ending.CancelAsync();
            await _sending.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            _ending.Dispose();
        }

        private async Task SendAsync(NodeNetwork network, CodingPeer peer, HttpRequestMessage request)
        {
            try
            {
                using (request)
                {
                    using var answer = await network.SendAsync(peer, request, HttpStatusCode.NoContent, _ending.Token, isPatient: true);
                }
            }
            catch (OperationCanceledException)
            {
                throw new IOException($"The stream to node {peer.Node} was given up.");
            }
            finally
            {
                // Whoever writes does not wait for a reader that is gone.
                await _pipe.Reader.CompleteAsync();
            }
        }
    }
}
