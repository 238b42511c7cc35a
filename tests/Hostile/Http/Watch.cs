using Benchmarks.Processes;

namespace Hostile.Http;

/// <summary>An honest user who GETs the same thing again and again while others attack.</summary>
internal sealed class Watch : IAsyncDisposable
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(50);
    private readonly CancellationTokenSource _stop;
    private readonly Task _work;
    private readonly List<Answer> _answers = [];

    private Watch(User user, string path, CancellationToken cancellation)
    {
        _stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        _work = WorkAsync(user, path);
    }

    /// <summary>GETs so far.</summary>
    public int Count => _answers.Count;

    /// <summary>GETs that were not answered with 200.</summary>
    public int FailureCount => _answers.Count(answer => answer.Status != 200);

    /// <summary>The median of those that were, in milliseconds.</summary>
    public double MedianMilliseconds => _answers.Where(answer => answer.Status == 200).Select(answer => answer.Milliseconds).Median();

    public static Watch Start(User user, string path, CancellationToken cancellation) => new(user, path, cancellation);

    /// <summary>Ends it; its figures stay.</summary>
    public async Task StopAsync()
    {
        await _stop.CancelAsync();
        await _work;
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        _stop.Dispose();
    }

    private async Task WorkAsync(User user, string path)
    {
        try
        {
            while (true)
            {
                _answers.Add(await user.GetAsync(path, _stop.Token));
                await Task.Delay(Pause, _stop.Token);
            }
        }
        catch (OperationCanceledException)
        {
            // It was stopped.
        }
    }
}
