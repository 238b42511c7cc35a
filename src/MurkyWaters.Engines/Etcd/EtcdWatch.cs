namespace MurkyWaters.Engines.Etcd;

/// <summary>
/// Tells at once that something has changed, never what: that is read. A watch that goes silent, or loses events, costs some seconds and
/// nothing else. It is left as soon as its server fails a call.
/// </summary>
internal sealed class EtcdWatch
{
    private const int BufferBytes = 16 * 1024;
    private readonly EtcdClient _client;
    private readonly EtcdKeys _keys;
    private readonly EtcdTimes _times;
    private readonly TimeProvider _time;
    private readonly Action<bool> _ring;
    private long _noticeCount;

    /// <summary>Watches nothing yet.</summary>
    /// <param name="client">Has the servers.</param>
    /// <param name="keys">What to watch.</param>
    /// <param name="times">The patience.</param>
    /// <param name="time">The clock.</param>
    /// <param name="ring">Is told when something may have changed; true when what happened before was not heard.</param>
    public EtcdWatch(EtcdClient client, EtcdKeys keys, EtcdTimes times, TimeProvider time, Action<bool> ring)
    {
        (_client, _keys, _times, _time, _ring) = (client, keys, times, time, ring);
    }

    /// <summary>Messages heard.</summary>
    public long NoticeCount => Interlocked.Read(ref _noticeCount);

    /// <summary>Watches until cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        while (!cancellationToken.IsCancellationRequested)
        {
            try
            {
                var endpoint = _client.Preferred;
                using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, endpoint.Failed);
                using var response = await _client.WatchAsync(endpoint, EtcdRequests.Watch(_keys.Root, _keys.Turns), either.Token);
                await using var stream = await response.Content.ReadAsStreamAsync(either.Token);
                await ListenAsync(stream, either.Token);
            }
            catch (Exception e) when (e is HttpRequestException or IOException or OperationCanceledException)
            {
                // Whatever it is, the next server, or the same one later.
            }

            await Task.Delay(_times.AskAgain, _time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>Until the stream ends or says that it is over. Keys and values are in base64, so neither phrase can come from
    /// them.</summary>
    private async Task ListenAsync(Stream stream, CancellationToken cancellationToken)
    {
        var buffer = new byte[BufferBytes];
        var (kept, isFirst) = (0, true);
        int count;
        while ((count = await stream.ReadAsync(buffer.AsMemory(kept), cancellationToken)) > 0)
        {
            Interlocked.Increment(ref _noticeCount);
            _ring(isFirst);
            isFirst = false;
            var text = buffer.AsSpan(0, kept + count);
            if (text.IndexOf("\"canceled\":true"u8) >= 0 || text.IndexOf("\"error\":"u8) >= 0)
            {
                return;
            }

            // A phrase may come in two pieces.
            kept = Math.Min(text.Length, 16);
            text[^kept..].CopyTo(buffer);
        }
    }
}
