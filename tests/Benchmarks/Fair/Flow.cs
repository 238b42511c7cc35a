using Benchmarks.Processes;

namespace Benchmarks.Fair;

/// <summary>One download that runs until it is ended: curl in some host, its bytes counted as they come.</summary>
internal sealed class Flow : IAsyncDisposable
{
    private readonly ChildProcess _curl;
    private readonly Task _counting;
    private long _bytes;

    private Flow(ChildProcess curl)
    {
        _curl = curl;
        _counting = CountAsync();
    }

    /// <summary>Bytes so far.</summary>
    public long Bytes => Interlocked.Read(ref _bytes);

    /// <summary>Whether it has ended, which it never should by itself.</summary>
    public bool HasEnded => _counting.IsCompleted;

    public static Flow Start(Host host, string url, params IEnumerable<string> arguments) =>
        new(ChildProcess.Start(host.Command(["curl", "-sSN", .. arguments, url]), keepOutput: false));

    public async ValueTask DisposeAsync()
    {
        await _curl.DisposeAsync();
        await _counting;
    }

    private async Task CountAsync()
    {
        var buffer = new byte[1 << 16];
        try
        {
            int count;
            while ((count = await _curl.Output.ReadAsync(buffer)) > 0)
            {
                Interlocked.Add(ref _bytes, count);
            }
        }
        catch (Exception exception) when (exception is IOException or ObjectDisposedException or OperationCanceledException)
        {
            // Ended by us in the middle of a read.
        }
    }
}
