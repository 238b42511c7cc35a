using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using Hostile.Machine;

namespace Hostile.Http;

/// <summary>A user at an address of loopback, with a connection for every request.</summary>
internal sealed class User : IDisposable
{
    private readonly HttpClient _client;
    private readonly string? _key;

    public User(Victim victim, string address = "127.0.0.9", string? key = null, double limitSeconds = 10)
    {
        _key = key;
        var own = IPAddress.Parse(address);
        var handler = new SocketsHttpHandler
        {
            PooledConnectionLifetime = TimeSpan.Zero,
            AllowAutoRedirect = false,
            UseProxy = false,
            ConnectCallback = async (_, cancellation) =>
            {
                var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
                try
                {
                    socket.Bind(new IPEndPoint(own, 0));
                    await socket.ConnectAsync(victim.Http, cancellation);
                    return new NetworkStream(socket, ownsSocket: true);
                }
                catch
                {
                    socket.Dispose();
                    throw;
                }
            },
        };
        _client = new HttpClient(handler) { BaseAddress = new Uri($"http://{victim.Http}"), Timeout = TimeSpan.FromSeconds(limitSeconds) };
    }

    public static string Resource(ulong id) => string.Create(CultureInfo.InvariantCulture, $"/resources/{id}");

    public Task<Answer> GetAsync(string path, CancellationToken cancellation) => SendAsync("GET", path, null, [], cancellation);

    /// <summary>GETs from the rain, even what is kept.</summary>
    public Task<Answer> RainAsync(string path, CancellationToken cancellation) =>
        SendAsync("GET", path, null, [("Cache-Control", "no-cache")], cancellation);

    public Task<Answer> PutAsync(string path, byte[] body, CancellationToken cancellation) =>
        SendAsync("PUT", path, body, [], cancellation);

    public Task<Answer> DeleteAsync(string path, CancellationToken cancellation) => SendAsync("DELETE", path, null, [], cancellation);

    /// <summary>Sends a request and reads its answer; one that does not come, or is cut, has the status 0.</summary>
    public async Task<Answer> SendAsync(
        string method, string path, byte[]? body, IReadOnlyList<(string Name, string Value)> fields, CancellationToken cancellation)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), path);
        if (body is not null)
        {
            request.Content = new ByteArrayContent(body);
            request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/octet-stream");
        }

        if (_key is not null)
        {
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", _key);
        }

        foreach (var (name, value) in fields)
        {
            if (name == "Content-Type")
            {
                request.Content!.Headers.Remove(name);
                request.Content.Headers.TryAddWithoutValidation(name, value);
            }
            else
            {
                request.Headers.TryAddWithoutValidation(name, value);
            }
        }

        var clock = Stopwatch.GetTimestamp();
        try
        {
            using var response = await _client.SendAsync(request, cancellation);
            var bytes = await response.Content.ReadAsByteArrayAsync(cancellation);
            return new Answer((int)response.StatusCode, bytes, Stopwatch.GetElapsedTime(clock), response.Headers);
        }
        catch (Exception failure) when (failure is HttpRequestException or SocketException or IOException
            || (failure is OperationCanceledException && !cancellation.IsCancellationRequested))
        {
            return new Answer(0, [], Stopwatch.GetElapsedTime(clock), null);
        }
    }

    public void Dispose() => _client.Dispose();
}
