from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("streaming", "0021_run_crashes"),
    ]

    operations = [
        migrations.AddField(
            model_name="engine",
            name="queues",
            field=models.CharField(max_length=120, null=True),
        ),
    ]
