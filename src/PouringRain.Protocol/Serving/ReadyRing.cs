using System.Diagnostics.CodeAnalysis;

namespace PouringRain.Protocol;

/// <summary>Whose turn it is among the subscribers that may send now: one after the other, but those of a version of which some are fetched
/// in company (<see cref="Company"/>) have one turn together.</summary>
internal sealed class ReadyRing
{
    private readonly Queue<(Subscriber? Row, Company? Company)> _ring = new();

    /// <summary>Subscribers that are ready, and some that have left since they were.</summary>
    public int Count { get; private set; }

    /// <summary>A subscriber is ready.</summary>
    /// <param name="row">The subscriber.</param>
    /// <param name="company">With whom it shares its turns; null for nobody.</param>
    public void Enqueue(Subscriber row, Company? company)
    {
        Count++;
        if (company is null)
        {
            _ring.Enqueue((row, null));
            return;
        }

        company.Enqueue(row);
        if (company.ReadyCount == 1)
        {
            _ring.Enqueue((null, company));
        }
    }

    public bool TryDequeue(Instant now, [NotNullWhen(true)] out Subscriber? row)
    {
        row = null;
        while (row is null && _ring.TryDequeue(out var turn))
        {
            row = turn.Row ?? turn.Company!.Next(now);
            if (turn.Company is { ReadyCount: > 0 })
            {
                _ring.Enqueue(turn);
            }
        }

        Count -= row is null ? 0 : 1;
        return row is not null;
    }
}
