from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("streaming", "0020_run_queue"),
    ]

    operations = [
        migrations.AddField(
            model_name="run",
            name="crashes",
            field=models.IntegerField(db_default=0, default=0),
        ),
    ]
