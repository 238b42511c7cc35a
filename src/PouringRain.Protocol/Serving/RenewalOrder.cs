namespace PouringRain.Protocol;

/// <summary>Subscribers in the order of their last renewal: a doubly linked list through their own fields.</summary>
internal sealed class RenewalOrder
{
    private Subscriber? _newest;

    public Subscriber? Oldest { get; private set; }

    public void Add(Subscriber subscriber)
    {
        subscriber.Older = _newest;
        subscriber.Newer = null;
        if (_newest is null)
        {
            Oldest = subscriber;
        }
        else
        {
            _newest.Newer = subscriber;
        }

        _newest = subscriber;
    }

    public void Remove(Subscriber subscriber)
    {
        if (subscriber.Older is null)
        {
            Oldest = subscriber.Newer;
        }
        else
        {
            subscriber.Older.Newer = subscriber.Newer;
        }

        if (subscriber.Newer is null)
        {
            _newest = subscriber.Older;
        }
        else
        {
            subscriber.Newer.Older = subscriber.Older;
        }

        subscriber.Older = null;
        subscriber.Newer = null;
    }

    public void MoveToEnd(Subscriber subscriber)
    {
        if (subscriber != _newest)
        {
            Remove(subscriber);
            Add(subscriber);
        }
    }
}
